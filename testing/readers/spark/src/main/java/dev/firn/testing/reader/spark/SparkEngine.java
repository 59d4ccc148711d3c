package dev.firn.testing.reader.spark;

import dev.firn.testing.reader.Engine;
import dev.firn.testing.reader.RowText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/** One local Spark session with Iceberg's catalogs and one task at a time. Its zone is UTC. */
final class SparkEngine implements Engine {
  private final SparkSession spark;

  private SparkEngine(SparkSession spark) {
    this.spark = spark;
  }

  static SparkEngine start() {
    SparkSession spark =
        SparkSession.builder()
            .master("local[1]")
            .appName("firn")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.datetime.java8API.enabled", "true")
            .config("spark.sql.shuffle.partitions", "4")
            .config(
                "spark.sql.extensions",
                "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
            .getOrCreate();
    spark.sparkContext().setLogLevel("WARN");
    return new SparkEngine(spark);
  }

  @Override
  public void open(String catalog, Map<String, String> properties) {
    String prefix = "spark.sql.catalog." + catalog;
    properties.forEach((name, value) -> spark.conf().set(prefix + "." + name, value));
    spark.conf().set(prefix, "org.apache.iceberg.spark.SparkCatalog");
  }

  @Override
  public void query(String sql, Rows rows) throws Exception {
    Dataset<Row> result = spark.sql(sql);
    rows.columns(Arrays.asList(result.columns()));
    Iterator<Row> all = result.toLocalIterator();
    while (all.hasNext()) {
      Row row = all.next();
      List<@Nullable String> texts = new ArrayList<>(row.size());
      for (int i = 0; i < row.size(); i++) {
        texts.add(RowText.of(javaValue(row.get(i))));
      }
      rows.row(texts);
    }
  }

  private static @Nullable Object javaValue(@Nullable Object value) {
    if (value instanceof Seq<?> elements) {
      List<@Nullable Object> values = new ArrayList<>();
      for (Object element : CollectionConverters.asJava(elements)) {
        values.add(javaValue(element));
      }
      return values;
    }
    return value;
  }

  @Override
  public void close() {
    spark.stop();
  }
}
