package dev.firn.daemon.pipeline;

import dev.firn.change.PipelineEvent;
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
              "table {}: {} rows loaded in {} ms",
              loaded.table(),
              loaded.rows(),
              loaded.took().toMillis());
      case PipelineEvent.Checkpointed done -> {
        long changes =
            done.tables().stream().mapToLong(t -> t.inserts() + t.updates() + t.deletes()).sum();
        LOG.info(
            "checkpoint {} at {}: {} transactions, {} row changes in {} tables, {} ms",
            done.checkpoint(),
            done.position(),
            done.transactions(),
            changes,
            done.tables().size(),
            done.took().toMillis());
      }
      case PipelineEvent.LoadProgress load ->
          LOG.debug("table {}: {} rows of {}", load.table(), load.rows(), load.estimatedRows());
      case PipelineEvent.StreamingBegun begun ->
          LOG.info("streaming the changes of {} tables", begun.tables().size());
      case PipelineEvent.StreamedTo _, PipelineEvent.SourceRetention _ -> {}
    }
  }
}
