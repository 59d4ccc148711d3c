package dev.firn.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.core.joran.spi.JoranException;
import java.net.URL;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Where the log goes. Without a call here: to standard error. */
public final class Logging {
  private Logging() {}

  /** Sends what libraries log by the JDK's own means to the log, instead of to standard error. */
  static void takeTheJdks() {
    if (!SLF4JBridgeHandler.isInstalled()) {
      SLF4JBridgeHandler.removeHandlersForRootLogger();
      SLF4JBridgeHandler.install();
    }
  }

  /** Sends the log of the whole process to a file, which is written anew. */
  public static void toFile(Path file) {
    takeTheJdks();
    LoggerContext context = context();
    context.reset();
    context.putProperty("firn.log.file", file.toString());
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    URL config = Logging.class.getResource("log-to-file.xml");
    if (config == null) {
      throw new IllegalStateException("log-to-file.xml is not on the class path");
    }
    try {
      configurator.doConfigure(config);
    } catch (JoranException e) {
      throw new IllegalStateException("the log cannot go to " + file, e);
    }
  }

  /**
   * Logs errors only: for commands that answer and end, whose result says the rest. A Logback
   * config of the user's own that asks for debugging stays as it is.
   */
  static void errorsOnly() {
    if (context().getLogger("dev.firn").isDebugEnabled()) {
      return;
    }
    context().getLogger("dev.firn").setLevel(Level.ERROR);
    context().getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.ERROR);
  }

  private static LoggerContext context() {
    return (LoggerContext) LoggerFactory.getILoggerFactory();
  }
}
