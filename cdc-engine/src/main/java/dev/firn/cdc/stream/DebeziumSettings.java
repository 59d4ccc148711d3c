package dev.firn.cdc.stream;

import dev.firn.cdc.slot.SlotHeartbeat;
import dev.firn.change.table.TableId;
import dev.firn.change.table.TableSchema;
import dev.firn.config.SourceConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** How Debezium is configured. */
final class DebeziumSettings {
  /** The prefix of the messages in which the DDL triggers tell of schema changes. */
  static final String DDL_PREFIX = "firn.ddl";

  static final int POLL_INTERVAL_MILLIS = 50;
  private static final int QUEUE_RECORDS = 8192;
  private static final int BATCH_RECORDS = 2048;
  private static final long QUEUE_BYTES = 16L << 20;

  private DebeziumSettings() {}

  static Map<String, String> of(SourceConfig source, List<TableSchema> tables) {
    Map<String, String> settings = new HashMap<>();
    settings.put("name", "firn_" + source.slot());
    settings.put("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
    settings.put("topic.prefix", "firn_" + source.slot());

    settings.put("database.hostname", source.host());
    settings.put("database.port", Integer.toString(source.port()));
    settings.put("database.dbname", source.database());
    settings.put("database.user", source.user());
    settings.put("database.password", source.password().reveal());
    settings.put("driver.connectTimeout", "10");
    settings.put("driver.loginTimeout", "20");
    settings.put("driver.socketTimeout", "300");
    settings.put("driver.tcpKeepAlive", "true");
    source.parameters().forEach((name, value) -> settings.put("driver." + name, value));

    settings.put("plugin.name", "pgoutput");
    settings.put("slot.name", source.slot());
    settings.put("slot.drop.on.stop", "false");
    settings.put("publication.name", source.publication());
    settings.put("publication.autocreate.mode", "disabled");
    settings.put("snapshot.mode", "no_data");
    settings.put("lsn.flush.mode", "connector");
    settings.put("skipped.operations", "none");
    settings.put("tombstones.on.delete", "false");
    settings.put("extended.headers.enabled", "false");
    settings.put("include.unknown.datatypes", "true");
    settings.put("binary.handling.mode", "bytes");
    settings.put("converters", "firn");
    settings.put("firn.type", TextConverter.class.getName());
    settings.put(
        "table.include.list",
        tables.stream().map(table -> pattern(table.id())).collect(Collectors.joining(",")));
    settings.put(
        "message.prefix.include.list",
        String.join(
            ",",
            literal(SlotHeartbeat.PREFIX),
            literal(DDL_PREFIX),
            literal(EndMarkingConnection.END_PREFIX)));

    settings.put("heartbeat.interval.ms", "200");
    // What keeps a connection whose reader waits for the sink; servers may ask for it more often
    // than every ten seconds, which is Debezium's own choice.
    settings.put("status.update.interval.ms", "2000");
    settings.put("poll.interval.ms", Integer.toString(POLL_INTERVAL_MILLIS));
    settings.put("max.queue.size", Integer.toString(QUEUE_RECORDS));
    settings.put("max.batch.size", Integer.toString(BATCH_RECORDS));
    settings.put("max.queue.size.in.bytes", Long.toString(QUEUE_BYTES));

    settings.put("errors.max.retries", "0");
    settings.put("slot.max.retries", "0");
    settings.put("executor.shutdown.timeout.ms", "2000");
    return settings;
  }

  private static String pattern(TableId table) {
    return literal(table.schema() + "." + table.name());
  }

  /** A regular expression without a comma, which Debezium splits lists at. */
  private static String literal(String text) {
    StringBuilder pattern = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          if (c < 128 && (Character.isLetterOrDigit(c) || c == '_')) {
            pattern.appendCodePoint(c);
          } else {
            pattern.append(String.format(Locale.ROOT, "\\x{%x}", c));
          }
        });
    return pattern.toString();
  }
}
