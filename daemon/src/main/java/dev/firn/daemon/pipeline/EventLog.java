package dev.firn.daemon.pipeline;

import dev.firn.change.PipelineEvent;
import dev.firn.daemon.print.Amounts;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes the pipeline's events into the log, one line each, with table and position. */
public final class EventLog implements PipelineEvent.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(EventLog.class);

  @Override
  public void on(PipelineEvent event) {
    switch (event) {
      case PipelineEvent.TableLoaded loaded ->
          LOG.info(
              "table {}: {} loaded in {} ms",
              loaded.table(),
              Amounts.of(loaded.rows(), "row"),
              loaded.took().toMillis());
      case PipelineEvent.Checkpointed done -> {
        long changes =
            done.tables().stream().mapToLong(t -> t.inserts() + t.updates() + t.deletes()).sum();
        LOG.info(
            "checkpoint {} at {}: {}, {} in {}, {} ms",
            done.checkpoint(),
            done.position(),
            Amounts.of(done.transactions(), "transaction"),
            Amounts.of(changes, "row change"),
            Amounts.of(done.tables().size(), "table"),
            done.took().toMillis());
      }
      case PipelineEvent.LoadProgress load ->
          LOG.debug("table {}: {} rows of {}", load.table(), load.rows(), load.estimatedRows());
      case PipelineEvent.StreamingBegun begun ->
          LOG.info("streaming the changes of {}", Amounts.of(begun.tables().size(), "table"));
      case PipelineEvent.StreamedTo _, PipelineEvent.SourceRetention _ -> {}
    }
  }
}
