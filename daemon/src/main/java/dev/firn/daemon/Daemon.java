package dev.firn.daemon;

import dev.firn.change.PipelineEvent;
import dev.firn.config.FirnConfig;
import dev.firn.daemon.http.MonitorServer;
import dev.firn.daemon.meter.PipelineMeters;
import dev.firn.daemon.pipeline.EventLog;
import dev.firn.daemon.pipeline.Pipeline;
import dev.firn.daemon.pipeline.PipelineState;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.URI;
import java.time.Clock;

/** The whole daemon in one object: a pipeline with its meters, its log and its HTTP server. */
public final class Daemon implements AutoCloseable {
  private final PrometheusMeterRegistry meters;
  private final JvmGcMetrics gc = new JvmGcMetrics();
  private final Pipeline pipeline;
  private final DaemonHealth health;
  private final MonitorServer server;

  /**
   * Starts to serve meters and health; {@link #run} does the rest.
   *
   * @param listener hears what the meters and the log hear, on the threads where it happens
   * @throws dev.firn.change.fault.FirnException CONFIGURATION, where the address is taken
   */
  public Daemon(FirnConfig config, PipelineEvent.Listener listener, Clock clock) {
    meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(meters);
    gc.bindTo(meters);
    PipelineMeters pipelineMeters = new PipelineMeters(meters, clock);
    EventLog log = new EventLog();
    pipeline =
        new Pipeline(
            config,
            event -> {
              pipelineMeters.on(event);
              log.on(event);
              listener.on(event);
            },
            clock,
            Pipeline.Patience.DEFAULT);
    health =
        new DaemonHealth(config, pipeline::state, () -> meters.get("firn.lag").gauge().value());
    server = MonitorServer.start(config.http(), meters, health::live, health::ready);
  }

  /** Mirrors until {@link #stop} is called or something fails; see {@link Pipeline#run}. */
  public void run() throws InterruptedException {
    pipeline.run();
  }

  /** Ends {@link #run} after the checkpoint in hand. Thread-safe, returns at once. */
  public void stop() {
    pipeline.stop();
  }

  /** Where the pipeline is. */
  public PipelineState state() {
    return pipeline.state();
  }

  /** What is measured. */
  public MeterRegistry meters() {
    return meters;
  }

  /** Where meters and health are served. */
  public URI address() {
    return server.address();
  }

  @Override
  public void close() {
    server.close();
    health.close();
    gc.close();
    meters.close();
  }
}
