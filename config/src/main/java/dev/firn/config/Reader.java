package dev.firn.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The engines that are known to read a replica right, and in which of Iceberg's formats: position
 * deletes in format 2, deletion vectors in format 3. An engine stands here only with a source for
 * the claim; what its maker calls a preview does not count. docs/readers.md is made from this
 * table.
 */
public enum Reader {
  SPARK(
      "Apache Spark",
      "4.1 with Iceberg 1.12.0",
      Set.of(2, 3),
      Source.tests("Firn's end-to-end tests"),
      "Refuses tables that have a column of type time."),
  TRINO("Trino", "483", Set.of(2, 3), Source.tests("Firn's end-to-end tests"), ""),
  DUCKDB(
      "DuckDB",
      "1.5.5, extensions of the same version",
      Set.of(2, 3),
      Source.tried("tables of both formats, row by row, on local files and on S3"),
      "On S3 set enable_external_file_cache=false: with the cache, one process that reads an older"
          + " snapshot after a newer one gets wrong rows from format 3."),
  PYICEBERG(
      "PyIceberg",
      "0.12.0",
      Set.of(2, 3),
      Source.tried("tables of both formats, row by row, on local files and on S3"),
      ""),
  FLINK(
      "Apache Flink",
      "1.20 to 2.1 with Iceberg 1.11.0",
      Set.of(2, 3),
      Source.page(
          "https://github.com/apache/iceberg/blob/apache-iceberg-1.11.0/data/src/test/java/org/apache/iceberg/data/DeleteReadTests.java",
          "Iceberg's own tests, run for Flink by TestFlinkReaderDeletesBase with formats 2 and 3"),
      ""),
  SNOWFLAKE(
      "Snowflake",
      "service, since 2026-05-07",
      Set.of(2, 3),
      Source.page(
          "https://docs.snowflake.com/en/release-notes/2026/other/2026-05-07-iceberg-v3-ga",
          "deletion vectors; position deletes since 2025-10-17:"
              + " https://docs.snowflake.com/en/release-notes/2025/other/2025-10-17-position-row-level-deletes-externally-managed-iceberg-ga"),
      ""),
  DATABRICKS(
      "Databricks",
      "Runtime 18 LTS",
      Set.of(3),
      Source.page(
          "https://docs.databricks.com/aws/en/iceberg/iceberg-v3",
          "deletion vectors, also of foreign Iceberg tables"),
      "No source was found for position deletes of format 2."),
  ATHENA(
      "Amazon Athena",
      "engine version 3",
      Set.of(2),
      Source.page(
          "https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-delete.html",
          "position deletes; no format 3:"
              + " https://docs.aws.amazon.com/prescriptive-guidance/latest/apache-iceberg-on-aws/table-spec-v3.html"),
      "Reads tables of the AWS Glue catalog only."),
  BIGQUERY(
      "Google BigQuery",
      "service, external tables",
      Set.of(2),
      Source.page(
          "https://docs.cloud.google.com/bigquery/docs/iceberg-external-tables",
          "format 2, merge-on-read included; deletion vectors are a preview:"
              + " https://docs.cloud.google.com/lakehouse/docs/use-iceberg-v3-binary-deletion-vectors"),
      ""),
  DREMIO(
      "Dremio",
      "Cloud, 2026",
      Set.of(2),
      Source.page(
          "https://www.dremio.com/blog/dremio-iceberg-v3-deletion-vectors/",
          "position deletes; format 3 is a preview:"
              + " https://docs.dremio.com/dremio-cloud/developer/data-formats/iceberg/"),
      ""),
  STARROCKS(
      "StarRocks",
      "3.1",
      Set.of(2),
      Source.page(
          "https://docs.starrocks.io/docs/data_source/catalog/iceberg/iceberg_catalog",
          "position deletes"),
      "");

  /**
   * Where a claim comes from.
   *
   * @param tested whether Firn's own tests read with this engine in every run
   * @param text the source: a page, or what was done
   */
  record Source(boolean tested, String text) {
    static Source tests(String text) {
      return new Source(true, text);
    }

    static Source tried(String what) {
      return new Source(false, "tried by hand by Firn's developers: " + what);
    }

    static Source page(String url, String says) {
      return new Source(false, url + " (" + says + ")");
    }
  }

  private final String title;
  private final String version;
  private final Set<Integer> formats;
  private final Source source;
  private final String note;

  Reader(String title, String version, Set<Integer> formats, Source source, String note) {
    this.title = title;
    this.version = version;
    this.formats = formats;
    this.source = source;
    this.note = note;
  }

  /** The name in the config file, as in {@code trino}. */
  public String engine() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The version the claim is about; later ones are expected to read the same. */
  public String version() {
    return version;
  }

  /** Whether it reads tables of Iceberg's format 2 or 3 with all their row-level deletes. */
  public boolean reads(int formatVersion) {
    return formats.contains(formatVersion);
  }

  /** Whether Firn's own tests read with this engine. */
  public boolean tested() {
    return source.tested();
  }

  String title() {
    return title;
  }

  Source source() {
    return source;
  }

  String note() {
    return note;
  }

  /** The engine of that name. */
  public static Optional<Reader> of(String engine) {
    return Arrays.stream(values()).filter(reader -> reader.engine().equals(engine)).findFirst();
  }

  /** The newest format that all of them read; empty where no format serves all. */
  public static OptionalInt format(Collection<Reader> readers) {
    for (int format : new int[] {3, 2}) {
      if (readers.stream().allMatch(reader -> reader.reads(format))) {
        return OptionalInt.of(format);
      }
    }
    return OptionalInt.empty();
  }

  static List<String> engines() {
    return Arrays.stream(values()).map(Reader::engine).sorted().toList();
  }
}
