package dev.firn.iceberg.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.fault.FirnException;
import dev.firn.change.health.Check;
import dev.firn.change.health.Check.Outcome;
import dev.firn.config.CatalogConfig;
import dev.firn.config.Secret;
import dev.firn.iceberg.Warehouse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReplicaDoctorTest {
  @TempDir Path folder;
  private Warehouse warehouse;

  @BeforeEach
  void start() throws IOException {
    warehouse = new Warehouse(folder);
  }

  @AfterEach
  void stop() throws IOException {
    warehouse.close();
  }

  private CatalogConfig config(String uri, String warehousePath, Map<String, Secret> properties) {
    return new CatalogConfig(CatalogConfig.Type.JDBC, "", "firn", uri, warehousePath, properties);
  }

  private String sqlite() {
    return "jdbc:sqlite:" + warehouse.sqliteFile();
  }

  @Test
  void allIsWellWhereCatalogAndBucketWork() throws Exception {
    List<Check> checks =
        ReplicaDoctor.check(config(sqlite(), "s3://lake/replica", warehouse.properties()));
    assertThat(checks).extracting(Check::outcome).containsOnly(Outcome.OK);
    assertThat(checks)
        .extracting(Check::name)
        .containsExactly("catalog", "several tables at once", "bucket");
    assertThat(warehouse.files()).isEmpty();
    assertThat(ReplicaCatalog.openExisting(config(sqlite(), "s3://lake/r", warehouse.properties())))
        .as("the doctor made tables in the catalog's database")
        .isEmpty();
  }

  @Test
  void aCatalogWithTablesIsOpenedToRead() {
    CatalogConfig config = config(sqlite(), "s3://lake/replica", warehouse.properties());
    ReplicaCatalog.open(config).close();
    assertThat(ReplicaCatalog.openExisting(config))
        .hasValueSatisfying(catalog -> {
          assertThat(catalog.name()).isEqualTo("firn");
          catalog.close();
        });
  }

  @Test
  void aMissingBucketIsNamed() {
    assertThat(bucket(config(sqlite(), "s3://no-such/replica", warehouse.properties())))
        .satisfies(check -> {
          assertThat(check.outcome()).isEqualTo(Outcome.FAILED);
          assertThat(check.detail()).contains("bucket of s3://no-such/replica does not exist");
          assertThat(check.mend()).contains("create the bucket");
        });
  }

  @Test
  void aWrongSecretIsToldApartAndNotShown() {
    Map<String, Secret> properties = warehouse.properties();
    properties.put("s3.secret-access-key", Secret.of("wrong-secret-value"));
    assertThat(bucket(config(sqlite(), "s3://lake/replica", properties)))
        .satisfies(check -> {
          assertThat(check.outcome()).isEqualTo(Outcome.FAILED);
          assertThat(check.detail()).contains("was denied").doesNotContain("wrong-secret");
          assertThat(check.mend()).contains("s3.secret-access-key");
        });
  }

  @Test
  void anEndpointThatDoesNotAnswerIsNamed() {
    Map<String, Secret> properties = warehouse.properties();
    properties.put("s3.endpoint", Secret.of("http://127.0.0.1:1"));
    assertThat(bucket(config(sqlite(), "s3://lake/replica", properties)))
        .satisfies(check -> {
          assertThat(check.outcome()).isEqualTo(Outcome.FAILED);
          assertThat(check.detail())
              .contains("http://127.0.0.1:1")
              .contains("could not be reached")
              .doesNotContain("SDK");
        });
  }

  @Test
  void aCatalogThatDoesNotAnswerIsNamedWithoutItsPassword() {
    List<Check> checks =
        ReplicaDoctor.check(
            config(
                "jdbc:postgresql://127.0.0.1:1/catalog?user=firn&password=tell-nobody",
                "s3://lake/replica",
                warehouse.properties()));
    assertThat(checks.getFirst().outcome()).isEqualTo(Outcome.FAILED);
    assertThat(checks.getFirst().detail())
        .contains("jdbc:postgresql://127.0.0.1:1/catalog")
        .doesNotContain("tell-nobody");
  }

  @Test
  void aCatalogWhoseDriverIsNotThereIsTold() {
    assertFailed(
        config("jdbc:mysql://db/catalog?user=firn", "s3://lake/r", warehouse.properties()),
        "opening catalog jdbc:mysql://db/catalog: no driver for jdbc:mysql://db/catalog is there",
        "add the driver's jar to FIRN_CLASSPATH (in the image: put it into /opt/firn/ext)");
  }

  @Test
  void aCatalogWhoseClassIsNotThereIsTold() {
    assertFailed(
        warehouse.config(CatalogConfig.Type.CLASS, "com.example.Nowhere", ""),
        "opening catalog com.example.Nowhere: class com.example.Nowhere not found",
        "add its jar to FIRN_CLASSPATH (in the image: put it into /opt/firn/ext)");
  }

  @Test
  void aCatalogsHostThatDoesNotResolveIsTold() {
    assertFailed(
        config("jdbc:postgresql://db.invalid:5433/catalog", "s3://lake/r", warehouse.properties()),
        "opening catalog jdbc:postgresql://db.invalid:5433/catalog: catalog database"
            + " jdbc:postgresql://db.invalid:5433/catalog cannot be reached: the host name does"
            + " not resolve",
        "see that the server is up and that host and port in catalog.uri are right");
    assertFailed(
        warehouse.config(CatalogConfig.Type.REST, "", "http://rest.invalid:8181"),
        "opening catalog http://rest.invalid:8181: catalog http://rest.invalid:8181 did not answer:"
            + " the host name does not resolve",
        "check catalog.uri and that the server runs");
  }

  private static void assertFailed(CatalogConfig config, String detail, String mend) {
    Check catalog = ReplicaDoctor.check(config).getFirst();
    assertThat(catalog.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(catalog.detail()).isEqualTo(detail);
    assertThat(catalog.mend()).isEqualTo(mend);
  }

  @Test
  void aHadoopCatalogIsRefusedWithTheReason() {
    CatalogConfig hadoop =
        new CatalogConfig(
            CatalogConfig.Type.CLASS,
            "org.apache.iceberg.hadoop.HadoopCatalog",
            "firn",
            "",
            "s3://lake/replica",
            warehouse.properties());
    assertThatThrownBy(() -> ReplicaCatalog.open(hadoop))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.CONFIGURATION))
        .hasMessageContaining("renaming a file");
  }

  private static Check bucket(CatalogConfig config) {
    return ReplicaDoctor.check(config).getLast();
  }
}
