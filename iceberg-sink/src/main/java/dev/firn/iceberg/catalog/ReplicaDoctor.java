package dev.firn.iceberg.catalog;

import dev.firn.change.fault.FirnException;
import dev.firn.change.health.Check;
import dev.firn.config.CatalogConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.iceberg.io.FileIO;

/** Looks whether catalog and bucket can hold a replica. Leaves nothing behind in either. */
public final class ReplicaDoctor {
  private static final String SEVERAL = "several tables at once";

  private ReplicaDoctor() {}

  /** Checks of the catalog and the bucket, each with what to do where it fails. */
  public static List<Check> check(CatalogConfig config) {
    List<Check> checks = new ArrayList<>();
    catalog(config, checks);
    checks.add(bucket(config));
    return List.copyOf(checks);
  }

  private static void catalog(CatalogConfig config, List<Check> checks) {
    String address = new ReplicaFailures(config).address();
    try {
      Optional<ReplicaCatalog> existing = ReplicaCatalog.openExisting(config);
      if (existing.isEmpty()) {
        checks.add(Check.ok("catalog", address + " answers; it holds no tables yet"));
        checks.add(sqlTransaction());
        return;
      }
      try (ReplicaCatalog catalog = existing.get()) {
        checks.add(Check.ok("catalog", address + " answers"));
        checks.add(
            switch (catalog.access()) {
              case ReplicaCatalog.Access.Sql _ -> sqlTransaction();
              case ReplicaCatalog.Access.Rest rest -> Check.ok(SEVERAL, byServer(rest));
              case ReplicaCatalog.Access.Plain() ->
                  Check.warning(
                      SEVERAL,
                      MultiTableGuarantee.ONE_AFTER_ANOTHER.text()
                          + "; catalogs by class are not tested by Firn",
                      "use a jdbc or rest catalog");
            });
      }
    } catch (FirnException e) {
      checks.add(Check.failed("catalog", String.valueOf(e.getMessage()), e.mend()));
    }
  }

  private static String byServer(ReplicaCatalog.Access.Rest rest) {
    return MultiTableGuarantee.AT_ONCE.text()
        + (rest.isNessie()
            ? ", in one commit of Nessie; it shows only the newest snapshot of a table, so readers"
                + " that want one state read all tables at one hash"
            : ", where the server offers transactions/commit and keeps what it says");
  }

  private static Check sqlTransaction() {
    return Check.ok(SEVERAL, MultiTableGuarantee.AT_ONCE.text() + ", in one SQL transaction");
  }

  private static Check bucket(CatalogConfig config) {
    if (config.warehouse().indexOf(':') < 0) {
      return Check.warning(
          "bucket",
          "not checked: the catalog, not the config, says where warehouse '"
              + config.warehouse()
              + "' is",
          "");
    }
    String probe =
        (config.warehouse().endsWith("/") ? config.warehouse() : config.warehouse() + "/")
            + "firn-doctor-"
            + UUID.randomUUID();
    byte[] content = probe.getBytes(StandardCharsets.UTF_8);
    String doing = "writing " + probe;
    try (FileIO io = ReplicaCatalog.fileIo(config)) {
      try (OutputStream out = io.newOutputFile(probe).create()) {
        out.write(content);
      }
      doing = "reading " + probe;
      byte[] read;
      try (InputStream in = io.newInputFile(probe).newStream()) {
        read = in.readAllBytes();
      }
      doing = "deleting " + probe;
      io.deleteFile(probe);
      return Arrays.equals(read, content)
          ? Check.ok("bucket", config.warehouse() + " can be written, read and deleted from")
          : Check.failed(
              "bucket",
              config.warehouse() + " gave back other bytes than were written",
              "check the bucket's server");
    } catch (IOException | RuntimeException e) {
      FirnException failure = new ReplicaFailures(config).explainOpening(doing, e);
      return Check.failed("bucket", String.valueOf(failure.getMessage()), failure.mend());
    }
  }
}
