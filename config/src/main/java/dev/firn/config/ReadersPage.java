package dev.firn.config;

/** docs/readers.md, made from {@link Reader}. */
final class ReadersPage {
  private ReadersPage() {}

  static String markdown() {
    StringBuilder page =
        new StringBuilder(
            """
            # Engines that read a replica

            `replicate.readers` in the config names the engines that read the replica. They decide
            Iceberg's format: 3 (deletion vectors) where every one of them reads it, else 2
            (position deletes). Engines that no one format serves are refused together, and so is
            an engine that is not in this table: it would need a source that says which deletes it
            reads. What a maker calls a preview does not count. Versions are those the claim is
            about, or was tried with.

            This page is made from `Reader.java` in `config`; a test fails when the two differ.

            | engine | in the config | version | format 2 | format 3 | source of the claim | read by Firn's tests |
            |---|---|---|---|---|---|---|
            """);
    for (Reader reader : Reader.values()) {
      page.append("| ").append(reader.title());
      page.append(" | `").append(reader.engine());
      page.append("` | ").append(reader.version());
      page.append(" | ").append(reader.reads(2) ? "yes" : "no");
      page.append(" | ").append(reader.reads(3) ? "yes" : "no");
      page.append(" | ").append(reader.source().text());
      page.append(reader.note().isEmpty() ? "" : ". " + reader.note());
      page.append(" | ").append(reader.tested() ? "yes" : "no").append(" |\n");
    }
    return page.toString();
  }
}
