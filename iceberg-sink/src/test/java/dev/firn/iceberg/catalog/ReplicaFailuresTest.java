package dev.firn.iceberg.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.fault.FirnException;
import dev.firn.change.fault.FirnException.Kind;
import dev.firn.config.CatalogConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.iceberg.exceptions.CommitStateUnknownException;
import org.apache.iceberg.exceptions.NotFoundException;
import org.apache.iceberg.exceptions.ServiceFailureException;
import org.apache.iceberg.jdbc.UncheckedSQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.S3Exception;

final class ReplicaFailuresTest {
  private final ReplicaFailures failures =
      new ReplicaFailures(
          new CatalogConfig(
              CatalogConfig.Type.JDBC, "", "firn", "jdbc:sqlite:none", "s3://lake/r", Map.of()));

  static Stream<Exception> ofCatalogOrBucket() {
    return Stream.of(
        new IOException("broken pipe"),
        new UncheckedIOException("cannot write", new IOException("broken pipe")),
        new SQLException("gone", "08006"),
        new UncheckedSQLException("cannot load"),
        new NotFoundException("no such file"),
        new ServiceFailureException("503"),
        new CommitStateUnknownException(new IllegalStateException("no answer")),
        SdkException.create("no answer", null),
        SdkClientException.create("no route"),
        new IllegalStateException("the key scan failed", SdkClientException.create("no route")));
  }

  @ParameterizedTest
  @MethodSource("ofCatalogOrBucket")
  void whatCatalogOrBucketDoIsUnreachable(Exception exception) {
    assertThat(failures.explain("writing table a", exception))
        .isInstanceOfSatisfying(
            FirnException.class, e -> assertThat(e.kind()).isEqualTo(Kind.REPLICA_UNREACHABLE))
        .hasMessageContaining("writing table a")
        .hasRootCause(rootOf(exception));
  }

  private static Throwable rootOf(Throwable exception) {
    return exception.getCause() == null ? exception : rootOf(exception.getCause());
  }

  @Test
  void aDefectIsGivenBackAsItIs() {
    IllegalStateException defect = new IllegalStateException("the key index had 7");
    assertThat(failures.explain("writing table a", defect)).isSameAs(defect);
    FirnException said = new FirnException(Kind.FENCED, "another daemon", "stop one");
    assertThat(failures.explain("writing table a", said)).isSameAs(said);
  }

  @Test
  void aSettingThatIcebergDoesNotTakeIsAMistakeInTheConfig() {
    assertThat(failures.explainOpening("opening", new IllegalArgumentException("bad value")).kind())
        .isEqualTo(Kind.CONFIGURATION);
    assertThat(failures.explainOpening("opening", new SQLException("gone")).kind())
        .isEqualTo(Kind.REPLICA_UNREACHABLE);
  }

  @Test
  void whatTheBucketAnswersIsToldWithoutEmptyPlacesAndWithoutTheSdksNotes() {
    AwsServiceException denied = S3Exception.builder().statusCode(403).numAttempts(6).build();
    assertThat(failures.explain("writing", denied))
        .hasMessage("writing: access to s3://lake/r was denied (403)");
    AwsServiceException coded =
        S3Exception.builder()
            .statusCode(503)
            .awsErrorDetails(AwsErrorDetails.builder().errorCode("SlowDown").build())
            .build();
    assertThat(failures.explain("writing", coded))
        .hasMessage("writing: the bucket's server answered 503 SlowDown");
    SdkClientException unreachable =
        SdkClientException.builder().message("reset\n\tby peer").numAttempts(6).build();
    assertThat(unreachable.getMessage()).contains("SDK Attempt Count: 6");
    assertThat(failures.explain("writing", unreachable))
        .hasMessage("writing: the bucket's server could not be reached: reset by peer");
  }

  @Test
  void aFullDiskIsToldWithItsFolder() throws IOException {
    try (OutputStream full = Files.newOutputStream(Path.of("/dev/full"))) {
      assertThatThrownBy(() -> full.write(1))
          .isInstanceOfSatisfying(
              IOException.class,
              noSpace -> {
                RuntimeException told =
                    failures.explain("writing table a", new UncheckedIOException(noSpace));
                assertThat(told)
                    .isInstanceOfSatisfying(
                        FirnException.class, e -> assertThat(e.mend()).contains("s3.staging-dir"))
                    .hasMessage(
                        "writing table a: the disk of this machine's folder "
                            + System.getProperty("java.io.tmpdir")
                            + " is full");
              });
    }
  }
}
