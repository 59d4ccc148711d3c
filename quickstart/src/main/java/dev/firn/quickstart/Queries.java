package dev.firn.quickstart;

import dev.firn.testing.LocalS3;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import org.sqlite.JDBC;

/** How to query a demo's tables from other engines, in lines to be pasted into a shell. */
record Queries(Path catalog, String catalogName, String warehouse, URI s3, int postgresPort) {
  private static final String SPARK =
      "org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0,"
          + "org.apache.iceberg:iceberg-aws-bundle:1.12.0,org.xerial:sqlite-jdbc:3.50.3.0";

  private static final String QUESTION =
      "SELECT status, count(*) AS orders, sum(total) AS total FROM %s GROUP BY status";

  List<String> lines() {
    String question = QUESTION.replace("%s", catalogName + ".public.orders");
    return List.of(
        "# PyIceberg   pip install 'pyiceberg[pyarrow,sql-sqlite]==0.12.0' numpy",
        "python3 - <<'END'",
        "from pyiceberg.catalog.sql import SqlCatalog",
        "lake = SqlCatalog('"
            + catalogName
            + "', uri='sqlite:///"
            + catalog
            + "', warehouse='"
            + warehouse
            + "', **{'s3.endpoint': '"
            + s3
            + "', 's3.access-key-id': '"
            + LocalS3.ACCESS_KEY
            + "', 's3.secret-access-key': '"
            + LocalS3.SECRET_KEY
            + "', 's3.region': 'us-east-1'})",
        "orders = lake.load_table('public.orders').scan().to_arrow()",
        "print(orders.group_by('status').aggregate([('total', 'sum'), ('id', 'count')]))",
        "END",
        "",
        "# DuckDB      pip install duckdb==1.5.5",
        "python3 - <<'END'",
        "import duckdb, sqlite3",
        "metadata = sqlite3.connect('"
            + catalog
            + "').execute(\"SELECT metadata_location FROM iceberg_tables WHERE table_namespace ="
            + " 'public' AND table_name = 'orders'\").fetchone()[0]",
        "db = duckdb.connect()",
        "db.sql(\"INSTALL httpfs; INSTALL avro; INSTALL iceberg; LOAD httpfs; LOAD avro; LOAD"
            + " iceberg\")",
        "db.sql(\"SET enable_external_file_cache = false\")",
        "db.sql(\"CREATE SECRET (TYPE s3, KEY_ID '"
            + LocalS3.ACCESS_KEY
            + "', SECRET '"
            + LocalS3.SECRET_KEY
            + "', ENDPOINT '"
            + s3.getAuthority()
            + "', URL_STYLE 'path', USE_SSL false)\")",
        "print(db.sql(f\"" + QUESTION.replace("%s", "iceberg_scan('{metadata}')") + "\"))",
        "END",
        "",
        "# Spark 4.1   pip install pyspark==4.1.3, or https://spark.apache.org/downloads.html;"
            + " JAVA_HOME must be a Java 17 or 21",
        "AWS_REGION=us-east-1 spark-sql --packages " + SPARK + " \\",
        conf("spark.sql.catalogImplementation", "in-memory"),
        conf("spark.sql.catalog." + catalogName, "org.apache.iceberg.spark.SparkCatalog"),
        spark("type", "jdbc"),
        spark("uri", "jdbc:sqlite:" + catalog),
        spark("warehouse", warehouse),
        spark("io-impl", "org.apache.iceberg.aws.s3.S3FileIO"),
        spark("s3.endpoint", s3.toString()),
        spark("s3.path-style-access", "true"),
        spark("s3.access-key-id", LocalS3.ACCESS_KEY),
        spark("s3.secret-access-key", LocalS3.SECRET_KEY),
        "  -e \"" + question + "\"",
        "",
        "# Trino 483   server and CLI from https://trino.io/download; TRINO_HOME is the server,"
            + " with its etc/{node,config}.properties and etc/jvm.config",
        "cp " + sqliteDriver() + " \"$TRINO_HOME\"/plugin/iceberg/",
        "cat > \"$TRINO_HOME\"/etc/catalog/" + catalogName + ".properties <<'END'",
        "connector.name=iceberg",
        "iceberg.catalog.type=jdbc",
        "iceberg.jdbc-catalog.driver-class=org.sqlite.JDBC",
        "iceberg.jdbc-catalog.connection-url=jdbc:sqlite:" + catalog,
        "iceberg.jdbc-catalog.catalog-name=" + catalogName,
        "iceberg.jdbc-catalog.default-warehouse-dir=" + warehouse,
        "fs.s3.enabled=true",
        "s3.endpoint=" + s3,
        "s3.path-style-access=true",
        "s3.region=us-east-1",
        "s3.aws-access-key=" + LocalS3.ACCESS_KEY,
        "s3.aws-secret-key=" + LocalS3.SECRET_KEY,
        "END",
        "\"$TRINO_HOME\"/bin/launcher restart   # and when it has started:",
        "trino --execute \"" + question + "\"",
        "",
        "# The source  any password",
        "psql -h 127.0.0.1 -p " + postgresPort + " -U postgres shop");
  }

  /** Trino brings no driver for SQLite; this is the one that the demo itself uses. */
  private static String sqliteDriver() {
    try {
      return Path.of(JDBC.class.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the SQLite driver is not in a file", e);
    }
  }

  private String spark(String name, String value) {
    return conf("spark.sql.catalog." + catalogName + "." + name, value);
  }

  private static String conf(String name, String value) {
    return "  --conf " + name + "=" + value + " \\";
  }
}
