package dev.firn.daemon.meter;

import dev.firn.change.PipelineEvent;
import dev.firn.change.table.TableId;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The meters of one pipeline, fed by its events. Thread-safe.
 *
 * <p>{@code firn_lag_seconds} is how far the stream is behind the source's clock; {@code
 * firn_freshness_seconds} is now minus the source's time up to which the replica is true. That is
 * the same for every table: one that nobody changes is as fresh as the last checkpoint. Where the
 * source is idle its heartbeats move the lag every 10 s and, in a checkpoint a minute, freshness.
 * After a start freshness goes on from what the replica has recorded; that of a new replica is,
 * until its first checkpoint, reckoned from the first place that the stream reached.
 */
public final class PipelineMeters implements PipelineEvent.Listener {
  private static final List<String> WAL_STATUSES =
      List.of("reserved", "extended", "unreserved", "lost");
  private static final long UNKNOWN = Long.MIN_VALUE;

  private final MeterRegistry registry;
  private final Clock clock;
  private final AtomicLong streamedToMicros = new AtomicLong(UNKNOWN);
  private final AtomicLong firstStreamedMicros = new AtomicLong(UNKNOWN);
  private final AtomicLong checkpointedToMicros = new AtomicLong(UNKNOWN);
  private final AtomicLong checkpoint = new AtomicLong();
  private final AtomicLong retainedBytes = new AtomicLong(UNKNOWN);
  private final Map<String, AtomicLong> walStatuses = new ConcurrentHashMap<>();
  private final Map<TableId, TableMeters> tables = new ConcurrentHashMap<>();
  private final Counter checkpoints;
  private final Counter transactions;
  private final Counter streamedChanges;
  private final Timer checkpointDuration;

  /** Meters in a registry; lag and freshness are told by the clock. */
  public PipelineMeters(MeterRegistry registry, Clock clock) {
    this.registry = registry;
    this.clock = clock;
    Gauge.builder("firn.lag", streamedToMicros, this::age)
        .baseUnit("seconds")
        .description("how far the stream is behind the source's clock")
        .register(registry);
    Gauge.builder("firn.checkpoint.id", checkpoint, AtomicLong::get)
        .description("the newest checkpoint")
        .register(registry);
    Gauge.builder("firn.slot.retained", retainedBytes, PipelineMeters::known)
        .baseUnit("bytes")
        .description("log that the source keeps for the replication slot")
        .register(registry);
    for (String status : WAL_STATUSES) {
      AtomicLong flag = new AtomicLong();
      walStatuses.put(status, flag);
      Gauge.builder("firn.slot.wal.status", flag, AtomicLong::get)
          .tags("status", status)
          .description("1 at the slot's wal_status, 0 at the others")
          .register(registry);
    }
    checkpoints =
        Counter.builder("firn.checkpoints").description("checkpoints made").register(registry);
    transactions =
        Counter.builder("firn.transactions")
            .description("source transactions in checkpoints")
            .register(registry);
    streamedChanges =
        Counter.builder("firn.streamed.changes")
            .description(
                "row changes read from the log, whether a checkpoint has them yet or not; after a"
                    + " start also those that the replica has already")
            .register(registry);
    checkpointDuration =
        Timer.builder("firn.checkpoint.duration")
            .description("from the first write of a checkpoint's commit to its end")
            .serviceLevelObjectives(
                Duration.ofMillis(100),
                Duration.ofMillis(250),
                Duration.ofMillis(500),
                Duration.ofSeconds(1),
                Duration.ofMillis(2500),
                Duration.ofSeconds(5),
                Duration.ofSeconds(10),
                Duration.ofSeconds(30))
            .register(registry);
  }

  @Override
  public void on(PipelineEvent event) {
    switch (event) {
      case PipelineEvent.LoadProgress load -> {
        TableMeters table = table(load.table());
        table.loadRows.set(load.rows());
        table.loadEstimate.set(Math.max(load.estimatedRows(), load.rows()));
      }
      case PipelineEvent.TableLoaded loaded -> {
        TableMeters table = table(loaded.table());
        table.loadRows.set(loaded.rows());
        table.loadEstimate.set(loaded.rows());
        table.loaded.set(1);
      }
      case PipelineEvent.Checkpointed done -> {
        checkpoint.set(done.checkpoint());
        checkpoints.increment();
        transactions.increment(done.transactions());
        checkpointDuration.record(done.took());
        checkpointedToMicros.accumulateAndGet(done.sourceCommitMicros(), Math::max);
        for (PipelineEvent.TableWritten written : done.tables()) {
          table(written.table()).written(written);
        }
      }
      case PipelineEvent.StreamingBegun begun -> {
        begun.tables().forEach(id -> table(id).loaded.set(1));
        if (begun.sourceCommitMicros() > 0) {
          checkpointedToMicros.accumulateAndGet(begun.sourceCommitMicros(), Math::max);
        }
      }
      case PipelineEvent.StreamedTo streamed -> {
        firstStreamedMicros.compareAndSet(UNKNOWN, streamed.sourceTimeMicros());
        streamedToMicros.accumulateAndGet(streamed.sourceTimeMicros(), Math::max);
        streamedChanges.increment(streamed.changes());
      }
      case PipelineEvent.SourceRetention retention -> {
        retainedBytes.set(retention.retainedBytes());
        walStatuses.forEach((status, flag) -> flag.set(status.equals(retention.status()) ? 1 : 0));
      }
    }
  }

  private TableMeters table(TableId id) {
    return tables.computeIfAbsent(id, TableMeters::new);
  }

  private double freshness(AtomicLong checkpointed) {
    return age(checkpointed.get() == UNKNOWN ? firstStreamedMicros : checkpointed);
  }

  private double age(AtomicLong micros) {
    long at = micros.get();
    if (at == UNKNOWN) {
      return Double.NaN;
    }
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, clock.instant());
    return Math.max(0, now - at) / 1e6;
  }

  private static double known(AtomicLong value) {
    long at = value.get();
    return at == UNKNOWN ? Double.NaN : at;
  }

  /** The meters of one table. */
  private final class TableMeters {
    private final AtomicLong loadRows = new AtomicLong();
    private final AtomicLong loadEstimate = new AtomicLong();
    private final AtomicLong loaded = new AtomicLong();
    private final Counter inserts;
    private final Counter updates;
    private final Counter deletes;
    private final Counter truncates;
    private final Counter dataFiles;
    private final Counter deleteFiles;
    private final Counter fileBytes;

    TableMeters(TableId id) {
      Tags tags = Tags.of("table", id.toString());
      Gauge.builder("firn.freshness", checkpointedToMicros, PipelineMeters.this::freshness)
          .baseUnit("seconds")
          .tags(tags)
          .description(
              "now minus the source's time up to which the replica is true, as of the last"
                  + " checkpoint; where nothing changes, a checkpoint a minute carries it on")
          .register(registry);
      Gauge.builder("firn.load.rows", loadRows, AtomicLong::get)
          .tags(tags)
          .description("rows that the initial load has read")
          .register(registry);
      Gauge.builder("firn.load.rows.estimated", loadEstimate, AtomicLong::get)
          .tags(tags)
          .description("rows that the initial load expects in all")
          .register(registry);
      Gauge.builder("firn.loaded", loaded, AtomicLong::get)
          .tags(tags)
          .description("1 once the table's first copy is in the replica")
          .register(registry);
      inserts = rows(tags, "insert");
      updates = rows(tags, "update");
      deletes = rows(tags, "delete");
      truncates = rows(tags, "truncate");
      dataFiles = files(tags, "data");
      deleteFiles = files(tags, "delete");
      fileBytes =
          Counter.builder("firn.file")
              .baseUnit("bytes")
              .tags(tags)
              .description("bytes of the files added")
              .register(registry);
    }

    private Counter rows(Tags tags, String operation) {
      return Counter.builder("firn.rows")
          .tags(tags.and("operation", operation))
          .description("row changes in checkpoints; of truncate the statements")
          .register(registry);
    }

    private Counter files(Tags tags, String content) {
      return Counter.builder("firn.files")
          .tags(tags.and("content", content))
          .description("files added")
          .register(registry);
    }

    void written(PipelineEvent.TableWritten written) {
      inserts.increment(written.inserts());
      updates.increment(written.updates());
      deletes.increment(written.deletes());
      truncates.increment(written.truncates());
      dataFiles.increment(written.dataFiles());
      deleteFiles.increment(written.deleteFiles());
      fileBytes.increment(written.fileBytes());
    }
  }
}
