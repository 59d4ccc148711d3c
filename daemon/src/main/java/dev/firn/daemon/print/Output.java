package dev.firn.daemon.print;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.PrintStream;

/**
 * Where a command's result goes: lines on standard output for people, or one JSON document there;
 * messages always on standard error.
 */
public final class Output {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final PrintStream out;
  private final PrintStream err;

  /** Output on these two streams. */
  public Output(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  /** A line of the result. */
  public void line(String text) {
    out.println(text);
  }

  /** A table of the result. */
  public void table(TextTable table) {
    table.lines("").forEach(out::println);
  }

  /** The whole result as a JSON document. */
  public void json(Object result) {
    try {
      out.println(JSON.writeValueAsString(result));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a result has no JSON form", e);
    }
  }

  /** A message: what happened and where, then what to do about it. */
  public void failure(String what, String mend) {
    err.println("firn: " + what);
    if (!mend.isBlank()) {
      err.println("      " + mend);
    }
    err.flush();
  }

  /** A line on standard error that is no failure. */
  public void notice(String text) {
    err.println(text);
    err.flush();
  }
}
