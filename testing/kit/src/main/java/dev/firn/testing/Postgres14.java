package dev.firn.testing;

import io.zonky.test.db.postgres.embedded.PgBinaryResolver;
import io.zonky.test.db.postgres.util.ArchUtils;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;

/** The binaries that the module firn-testing-postgres-14 carries. */
enum Postgres14 implements PgBinaryResolver {
  INSTANCE;

  @Override
  public InputStream getPgBinary(String system, String machineHardware) throws IOException {
    String platform = system + "-" + ArchUtils.normalize(machineHardware);
    String resource = "/postgres-14/postgres-" + platform.toLowerCase(Locale.ROOT) + ".txz";
    InputStream binaries = Postgres14.class.getResourceAsStream(resource);
    if (binaries == null) {
      throw new IOException(
          "no "
              + resource
              + " on the class path: firn-testing-postgres-14 is no dependency here, or PostgreSQL"
              + " 14 was not built for this platform");
    }
    return binaries;
  }
}
