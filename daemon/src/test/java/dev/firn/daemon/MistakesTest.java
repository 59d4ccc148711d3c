package dev.firn.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.daemon.print.Output;
import dev.firn.daemon.print.UserCommand;
import dev.firn.testing.EmbeddedPostgres;
import dev.firn.testing.LocalS3;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.util.Map;
import java.util.logging.LogManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** What users get wrong: one message each, its own exit code, and no stack trace. */
class MistakesTest {
  private static final String TABLES = DaemonFixture.TABLES;

  @TempDir private static Path shared;
  private static EmbeddedPostgres postgres;
  private static LocalS3 s3;

  @TempDir private Path folder;

  private record Ended(int code, String out, String err) {}

  @BeforeAll
  static void start() throws Exception {
    postgres = EmbeddedPostgres.start();
    s3 = LocalS3.start(shared, 0, "lake");
    try (Connection connection = postgres.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE good (id bigint PRIMARY KEY, v text)");
      statement.execute("CREATE TABLE keyless (v text)");
      statement.execute("CREATE TABLE odd (id bigint PRIMARY KEY, shape polygon)");
      statement.execute("CREATE TABLE sums (id bigint PRIMARY KEY, total numeric(9,2))");
      statement.execute("CREATE TABLE opening (id bigint PRIMARY KEY, opens time)");
      statement.execute("CREATE SCHEMA IF NOT EXISTS firn");
      statement.execute("CREATE TABLE firn.firn_replica (id bigint PRIMARY KEY)");
      postgres.makeRoleWithPassword("guarded", "right");
    }
  }

  @AfterAll
  static void stop() throws Exception {
    s3.close();
    postgres.close();
  }

  @Test
  void anUnknownCommandIsNamed() {
    Ended ended = firn("rum");
    assertThat(ended.code()).isEqualTo(ExitCode.USAGE.code());
    assertOneMessage(ended, "rum");
  }

  @Test
  void anUnknownCommandIsToldWithWhatWasMeant() {
    assertThat(firn("statu").err()).contains("no command 'statu'", "did you mean", "status");
    assertThat(firn("xyzzy").err()).contains("no command 'xyzzy'");
  }

  @Test
  void aMissingCommandIsTold() {
    Ended ended = firn();
    assertThat(ended.code()).isEqualTo(ExitCode.USAGE.code());
    assertOneMessage(ended, "a command is missing: run, plan, doctor, setup, status, schema");
  }

  @Test
  void anUnknownOptionAndAnArgumentTooManyAreNamed() {
    Ended option = firn("run", "--confg", "x");
    assertThat(option.code()).isEqualTo(ExitCode.USAGE.code());
    assertOneMessage(option, "no option '--confg'");
    assertThat(option.err()).contains("did you mean --config");
    Ended argument = firn("plan", "extra");
    assertThat(argument.code()).isEqualTo(ExitCode.USAGE.code());
    assertOneMessage(argument, "'extra' is one argument too many");
  }

  @Test
  void whatTheDriverLogsByTheJdkAndThrowsAsWellIsNotPrinted() {
    firn("--version");
    assertThat(LogManager.getLogManager().getLogger("").getHandlers())
        .hasExactlyElementsOfTypes(SLF4JBridgeHandler.class);
    assertThat(
            LoggerFactory.getLogger("org.postgresql.ssl.PGjdbcHostnameVerifier").isErrorEnabled())
        .isFalse();
  }

  @Test
  void aMendNamesTheCommandAsTheUserTypesIt() throws Exception {
    Path config =
        write(
            config("lake", TABLES)
                .replace("  password", "  slot: never\n  publication: never\n  password"));
    Ended doctor = firn(Map.of(UserCommand.VARIABLE, "./firn"), "doctor", "-c", config.toString());
    assertThat(doctor.out()).contains("→ ./firn setup -c " + config);
  }

  @Test
  void aUserWhoMayNotSetUpIsSentToASuperuser() throws Exception {
    String config =
        config("lake", TABLES)
            .replace("postgres@", "guarded@")
            .replace(
                "  password: postgres", "  slot: other\n  publication: other\n  password: right");
    Ended ended = firn("setup", "-c", write(config).toString());
    assertThat(ended.code()).isEqualTo(ExitCode.SOURCE_UNFIT.code());
    assertOneMessage(ended, "permission denied");
    assertThat(ended.err())
        .contains("superuser", "'firn setup -c " + folder.resolve("firn.yaml") + " --print'");
  }

  @Test
  void aMissingConfigFileIsNamed() {
    Ended ended = firn("run", "-c", folder.resolve("nowhere.yaml").toString());
    assertThat(ended.code()).isEqualTo(ExitCode.USAGE.code());
    assertOneMessage(ended, "nowhere.yaml");
  }

  @Test
  void anUnknownKeyIsNamedWithASuggestion() throws Exception {
    Ended ended = run(config("lake", "tabels: []\n" + TABLES));
    assertThat(ended.code()).isEqualTo(ExitCode.USAGE.code());
    assertOneMessage(ended, "tabels");
    assertThat(ended.err()).contains("tables");
  }

  @Test
  void aMissingSecretIsNamed() throws Exception {
    String config =
        config("lake", TABLES).replace("password: postgres", "password: ${env:NOT_SET}");
    Ended ended = run(config);
    assertThat(ended.code()).isEqualTo(ExitCode.USAGE.code());
    assertOneMessage(ended, "NOT_SET");
  }

  @Test
  void aBadDurationIsNamed() throws Exception {
    Ended ended = run(config("lake", TABLES).replace("every: 1s", "every: soon"));
    assertThat(ended.code()).isEqualTo(ExitCode.USAGE.code());
    assertOneMessage(ended, "soon");
  }

  @Test
  void aKeyThatIsNotBuiltYetIsRefusedByName() throws Exception {
    Ended ended = run(config("lake", "tables: [ { match: public.good, mask: { v: sha256 } } ]\n"));
    assertThat(ended.code()).isEqualTo(ExitCode.USAGE.code());
    assertOneMessage(ended, "mask");
  }

  @Test
  void anUnreachableDatabaseIsNamed() throws Exception {
    Ended ended = run(config("lake", TABLES).replace(":" + postgres.port() + "/", ":1/"));
    assertThat(ended.code()).isEqualTo(ExitCode.SOURCE_UNREACHABLE.code());
    assertOneMessage(ended, "127.0.0.1:1/postgres");
  }

  @Test
  void aWrongPasswordIsToldWithoutIt() throws Exception {
    Ended ended =
        run(
            config("lake", TABLES)
                .replace("postgres@", "guarded@")
                .replace("password: postgres", "password: wrongpass"));
    assertThat(ended.code()).isEqualTo(ExitCode.SOURCE_UNREACHABLE.code());
    assertOneMessage(ended, "guarded");
    assertThat(ended.err()).contains("password").doesNotContain("wrongpass");
  }

  @Test
  void aDatabaseThatIsNotThereIsNamed() throws Exception {
    Ended ended = run(config("lake", TABLES).replace("/postgres\n", "/nothere\n"));
    assertThat(ended.code()).isEqualTo(ExitCode.SOURCE_UNREACHABLE.code());
    assertOneMessage(ended, "nothere");
  }

  @Test
  void aMissingBucketIsNamed() throws Exception {
    String config = config("nobucket", TABLES);
    assertThat(firn("setup", "-c", write(config).toString()).code()).isZero();
    Ended ended = run(config);
    assertThat(ended.code()).isEqualTo(ExitCode.REPLICA_UNREACHABLE.code());
    assertOneMessage(ended, "nobucket");
    assertThat(Files.size(folder.resolve("catalog.db")))
        .as("something was written into the catalog's database")
        .isZero();
  }

  @Test
  void doctorLooksAtBucketAndCatalogToo() throws Exception {
    Path bad = write(config("nobucket", TABLES));
    assertThat(firn("setup", "-c", bad.toString()).code()).isZero();
    Ended ended = firn("doctor", "-c", bad.toString());
    assertThat(ended.code()).isEqualTo(ExitCode.REPLICA_UNREACHABLE.code());
    assertThat(ended.out()).contains("nobucket").contains("create the bucket");

    Ended well = firn("doctor", "-c", write(config("lake", TABLES)).toString());
    assertThat(well.code()).as(well.out()).isZero();
    assertThat(well.out()).contains("ok      bucket").contains("not begun yet");
  }

  @Test
  void aPartitionThatTheColumnsTypeHasNotIsToldByDoctorToo() throws Exception {
    Path config =
        write(
            config("lake", "tables: [ { match: public.sums, partition-by: [day(total)] } ]\n")
                .replace("  password:", "  slot: sums\n  publication: sums\n  password:"));
    assertThat(firn("setup", "-c", config.toString()).code()).isZero();
    String told = "day(total) cannot be made of column total (numeric(9,2))";
    assertOneMessage(firn("run", "-c", config.toString()), told);
    Ended doctor = firn("doctor", "-c", config.toString());
    assertThat(doctor.code()).as(doctor.out()).isEqualTo(ExitCode.USAGE.code());
    assertThat(doctor.out()).contains("FAILED  table public.sums").contains(told);
  }

  @Test
  void aTimeColumnIsToldWhereSparkShallRead() throws Exception {
    Path config = write(config("lake", "tables: [ { match: public.opening } ]\n"));
    String told = "public.opening has the column opens of type time, which Spark does not support";

    assertThat(firn("plan", "-c", config.toString()).out()).contains(told);
    assertThat(firn("setup", "-c", config.toString()).code()).isZero();
    Ended doctor = firn("doctor", "-c", config.toString());
    assertThat(doctor.code()).as(doctor.out()).isZero();
    assertThat(doctor.out()).contains("warning table public.opening").contains(told);
  }

  @Test
  void theControlTablesNameIsRefused() throws Exception {
    Ended ended = run(config("lake", "tables: [ { match: firn.firn_replica } ]\n"));
    assertThat(ended.code()).isEqualTo(ExitCode.SOURCE_UNFIT.code());
    assertOneMessage(ended, "firn.firn_replica");
    assertThat(ended.err()).contains("schema that Firn keeps for itself");
  }

  @Test
  void planSaysWhyItTookTheFormat() throws Exception {
    String config = config("lake", TABLES).replace("[spark]", "[spark, athena]");
    Ended ended = firn("plan", "-c", write(config).toString());
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.out())
        .contains("format v2, with position deletes")
        .containsPattern("spark +.* v2, v3\\R")
        .containsPattern("athena +.* v2   decides");
  }

  @Test
  void statusOfAReplicaThatIsNotBegunMakesNothing() throws Exception {
    Ended ended = firn("status", "-c", write(config("lake", TABLES)).toString());
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.out()).contains("no replica yet").contains("public.good");
    assertThat(Files.size(folder.resolve("catalog.db"))).isZero();
  }

  @Test
  void aTableWithoutAKeyIsNamed() throws Exception {
    Ended ended = run(config("lake", "tables: [ { match: public.keyless } ]\n"));
    assertThat(ended.code()).isEqualTo(ExitCode.SOURCE_UNFIT.code());
    assertOneMessage(ended, "public.keyless");
  }

  @Test
  void anUnsupportedColumnTypeIsNamed() throws Exception {
    Ended ended = run(config("lake", "tables: [ { match: public.odd } ]\n"));
    assertThat(ended.code()).isEqualTo(ExitCode.SOURCE_UNFIT.code());
    assertOneMessage(ended, "polygon");
    assertThat(ended.err()).contains("public.odd").contains("shape");
  }

  @Test
  void aSourceThatWasNotSetUpIsTold() throws Exception {
    String config =
        config("lake", TABLES)
            .replace("  password:", "  slot: other\n  publication: other\n  password:");
    Ended ended = run(config);
    assertThat(ended.code()).isEqualTo(ExitCode.SOURCE_UNFIT.code());
    assertOneMessage(ended, "firn setup");
  }

  @Test
  void planNamesColumnsTypesAndWhatIsRefused() throws Exception {
    Ended ended =
        firn("plan", "-c", write(config("lake", "tables: [ { match: public.* } ]\n")).toString());
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).contains("public.good").contains("long").contains("public.keyless");
  }

  @Test
  void doctorEndsWithTheWorstAndNamesTheMend() throws Exception {
    Ended ended =
        firn(
            "doctor",
            "-c",
            write(config("lake", "tables: [ { match: public.keyless } ]\n")).toString());
    assertThat(ended.code()).isEqualTo(ExitCode.SOURCE_UNFIT.code());
    assertThat(ended.out()).contains("FAILED").contains("public.keyless").contains("→");
  }

  @Test
  void schemaPrintsJson() {
    Ended ended = firn("schema");
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).startsWith("{").contains("\"$schema\"");
  }

  @Test
  void aDefectIsToldWithTheFileOfItsTrace() throws Exception {
    for (Throwable defect :
        new Throwable[] {
          new IllegalStateException("odd"), new LinkageError("odd"), new InterruptedException("odd")
        }) {
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      PrintStream stream = new PrintStream(err, true, StandardCharsets.UTF_8);
      assertThat(Main.failed(new Output(stream, stream), defect))
          .isEqualTo(ExitCode.INTERNAL_ERROR.code());
      assertThat(Thread.interrupted()).isEqualTo(defect instanceof InterruptedException);
      String told = err.toString(StandardCharsets.UTF_8);
      Path trace = Path.of(told.substring(told.indexOf(" in ") + 4).strip());
      assertThat(Files.readString(trace)).contains(defect.getClass().getName(), "\tat ");
      Files.delete(trace);
    }
  }

  private static void assertOneMessage(Ended ended, String names) {
    assertThat(ended.err()).startsWith("firn: ").contains(names);
    assertThat(ended.err()).doesNotContain("\tat ", "Exception");
    assertThat(ended.err().lines().filter(line -> line.startsWith("firn: "))).hasSize(1);
  }

  private String config(String bucket, String tables) {
    return DaemonFixture.config(postgres, s3, folder)
        .replace("s3://lake/", "s3://" + bucket + "/")
        .replace(TABLES, tables);
  }

  private Ended run(String config) throws Exception {
    return firn("run", "-c", write(config).toString());
  }

  private Path write(String config) throws Exception {
    return Files.writeString(folder.resolve("firn.yaml"), config);
  }

  private static Ended firn(String... arguments) {
    return firn(Map.of(), arguments);
  }

  private static Ended firn(Map<String, String> environment, String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Output output =
        new Output(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
    int code = new Main(output, environment, Clock.systemUTC()).run(arguments);
    return new Ended(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
