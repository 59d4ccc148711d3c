package dev.firn.e2e.daemon;

import dev.firn.change.fault.Backoff;
import dev.firn.testing.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;

/**
 * Tables of every shape of key and partition, and clients that do to them all that SQL may: keys
 * that change, swap and come back, rows that move between partitions, large values left as they
 * are, tables emptied between two inserts of one transaction. Transactions are drawn from seeds.
 */
public final class Shapes implements AutoCloseable {
  public static final Mirror.Tables TABLES =
      new Mirror.Tables(
          "shapes",
          List.of(
              "contacts", "order_lines", "readings", "sites", "carts", "cart_items", "documents"),
          List.of(
              "shapes.*",
              "shapes.contacts\npartition-by: ['truncate(1, email)']\nsort-by: [email]",
              "shapes.order_lines\npartition-by: ['bucket(4, order_id)']\nsort-by: [sku desc]",
              "shapes.readings\npartition-by: ['day(taken_at)']\nsort-by: [taken_at]",
              "shapes.sites\npartition-by: [region, 'month(opened)']",
              "shapes.documents\npartition-by: ['hour(edited)']"),
          Shapes::fill,
          "UPDATE shapes.sites SET visits = visits + 1 WHERE id = 1");

  /** Small, so that clients meet on the same rows. */
  private static final int KEYS = 300;

  /** The tables are emptied by one transaction in so many. */
  private static final int TRUNCATE_ONE_IN = 150;

  /** So many transactions are rolled back: one in this number. */
  private static final int ROLL_BACK_ONE_IN = 12;

  private static final int MOST_STEPS = 6;

  private static final List<String> INITIALS =
      List.of("a", "b", "Z", "é", "漢", "😀", " ", "'", "/", "=");

  /** Between a client's transactions, where nothing else is asked for. */
  static final Duration SHORT_PAUSE = Duration.ofMillis(4);

  /** What clients do to each other's transactions, which they then give up. */
  private static final List<String> CONFLICTS = List.of("40P01", "40001", "23505");

  /** What a server that restarts does to its clients. */
  private static final List<String> SERVER_GONE = List.of("08", "57P");

  private static final Duration RECONNECT_PAUSE = Duration.ofMillis(200);

  private final Clients clients = new Clients();
  private final Set<Step> done = ConcurrentHashMap.newKeySet();

  private final Duration pause;

  private Shapes(Duration pause) {
    this.pause = pause;
  }

  private static void fill(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          """
          CREATE SCHEMA shapes;
          CREATE TABLE shapes.contacts
            (email text PRIMARY KEY, name varchar(80), address jsonb, profile text,
             vip boolean NOT NULL DEFAULT false, joined date);
          ALTER TABLE shapes.contacts ALTER COLUMN profile SET STORAGE EXTERNAL,
            ALTER COLUMN address SET STORAGE EXTERNAL;
          CREATE TABLE shapes.order_lines
            (note text, line smallint, sku varchar(20), order_id bigint, quantity int NOT NULL,
             price numeric(10, 2), at timestamptz, PRIMARY KEY (order_id, line));
          ALTER TABLE shapes.order_lines ALTER COLUMN note SET STORAGE EXTERNAL;
          CREATE TABLE shapes.readings
            (id uuid PRIMARY KEY, taken_at timestamp, value double precision, tags text[],
             raw bytea);
          CREATE TABLE shapes.sites
            (id int PRIMARY KEY, region text, opened date, visits bigint NOT NULL);
          CREATE TABLE shapes.carts
            (id int PRIMARY KEY, owner text, total numeric(20, 4));
          CREATE TABLE shapes.cart_items
            (cart_id int, sku text, amount int, gift text, PRIMARY KEY (sku, cart_id));
          CREATE TABLE shapes.documents
            (title text, part int, edited timestamptz, body text, meta jsonb,
             PRIMARY KEY (title, part));
          ALTER TABLE shapes.documents ALTER COLUMN body SET STORAGE EXTERNAL;
          """);
      Random random = new Random(-1);
      for (int i = 0; i < 2 * KEYS; i++) {
        for (Step step : List.of(Step.CONTACT, Step.LINE, Step.READING, Step.SITE, Step.CART)) {
          statement.execute(step.sql(random));
        }
        statement.execute(Step.DOCUMENT.sql(random));
      }
      statement.execute(
          "INSERT INTO shapes.sites VALUES (1, NULL, NULL, 0) ON CONFLICT DO NOTHING");
    }
  }

  /**
   * Starts clients, each with a connection and a seed of its own, that run until {@link #stop}.
   *
   * @param pause between a client's transactions
   */
  public static Shapes start(EmbeddedPostgres postgres, int clients, long seed, Duration pause) {
    Shapes shapes = new Shapes(pause);
    for (int client = 0; client < clients; client++) {
      Random random = new Random(seed + client);
      shapes.clients.start(() -> shapes.run(postgres, random));
    }
    return shapes;
  }

  /** The steps that no committed transaction has held; after a while there are none. */
  public List<String> notDone() {
    return Arrays.stream(Step.values())
        .filter(step -> !done.contains(step))
        .map(Step::name)
        .toList();
  }

  /** Ends the clients after the transactions that they are in; a client's failure is thrown. */
  public void stop() throws ExecutionException, InterruptedException {
    clients.stop();
  }

  private void run(EmbeddedPostgres postgres, Random random)
      throws SQLException, InterruptedException {
    while (!clients.stopped()) {
      try {
        runOnOneConnection(postgres, random);
      } catch (SQLException e) {
        String state = String.valueOf(e.getSQLState());
        if (SERVER_GONE.stream().noneMatch(state::startsWith)) {
          throw e;
        }
        Backoff.pause(RECONNECT_PAUSE);
      }
    }
  }

  private void runOnOneConnection(EmbeddedPostgres postgres, Random random)
      throws SQLException, InterruptedException {
    try (Connection connection = postgres.connect(Mirror.DATABASE);
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      while (!clients.stopped()) {
        Backoff.pause(pause);
        try {
          transaction(connection, statement, random);
        } catch (SQLException e) {
          if (!CONFLICTS.contains(e.getSQLState())) {
            throw e;
          }
          connection.rollback();
        }
      }
    }
  }

  private void transaction(Connection connection, Statement statement, Random random)
      throws SQLException {
    List<Step> steps = new ArrayList<>();
    if (random.nextInt(TRUNCATE_ONE_IN) == 0) {
      steps.add(Step.CART);
      steps.add(Step.EMPTY_CARTS);
      steps.add(Step.CART);
    }
    for (int i = random.nextInt(MOST_STEPS); i >= 0; i--) {
      Step step = Step.values()[random.nextInt(Step.values().length)];
      if (step != Step.EMPTY_CARTS) {
        steps.add(step);
      }
    }
    for (Step step : steps) {
      statement.execute(step.sql(random));
    }
    Savepoint savepoint = connection.setSavepoint();
    statement.execute(Step.CONTACT.sql(random));
    statement.execute(Step.FORGET_CONTACT.sql(random));
    if (random.nextBoolean()) {
      connection.rollback(savepoint);
    }
    if (random.nextInt(ROLL_BACK_ONE_IN) == 0) {
      connection.rollback();
      return;
    }
    connection.commit();
    done.addAll(steps);
  }

  @Override
  public void close() {
    clients.close();
  }

  /** One thing to do, as SQL that holds whatever the others do. */
  enum Step {
    CONTACT {
      @Override
      String sql(Random random) {
        return filled(
                "INSERT INTO shapes.contacts VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (email)",
                email(random),
                orNull(random, "'name " + random.nextInt() + "'"),
                orNull(random, json(random)),
                orNull(random, large(random)),
                random.nextBoolean(),
                orNull(random, day(random)))
            + " DO UPDATE SET vip = NOT contacts.vip, name = excluded.name";
      }
    },
    CONTACT_IN_FULL {
      @Override
      String sql(Random random) {
        return "UPDATE shapes.contacts SET profile = "
            + orNull(random, large(random))
            + ", address = "
            + orNull(random, json(random))
            + " WHERE email = "
            + email(random);
      }
    },
    /** The large values stay behind, unchanged, when the key moves. */
    CONTACT_MOVES {
      @Override
      String sql(Random random) {
        String to = email(random);
        return "UPDATE shapes.contacts SET email = "
            + to
            + " WHERE email = "
            + email(random)
            + " AND NOT EXISTS (SELECT FROM shapes.contacts WHERE email = "
            + to
            + ")";
      }
    },
    CONTACTS_SWAP {
      @Override
      String sql(Random random) {
        String a = email(random);
        String b = email(random);
        String aside = "'aside " + random.nextLong() + "'";
        return a.equals(b)
            ? "SELECT 1"
            : move(a, aside) + "; " + move(b, a) + "; " + move(aside, b);
      }

      private String move(String from, String to) {
        return "UPDATE shapes.contacts SET email = " + to + " WHERE email = " + from;
      }
    },
    /** There and back, in one transaction. */
    CONTACT_RETURNS {
      @Override
      String sql(Random random) {
        String email = email(random);
        String aside = "'aside " + random.nextLong() + "'";
        return filled("UPDATE shapes.contacts SET email = %s WHERE email = %s;", aside, email)
            + filled(
                "UPDATE shapes.contacts SET email = %s, vip = NOT vip WHERE email = %s",
                email, aside);
      }
    },
    FORGET_CONTACT {
      @Override
      String sql(Random random) {
        return "DELETE FROM shapes.contacts WHERE email = " + email(random);
      }
    },
    CONTACT_REPLACED {
      @Override
      String sql(Random random) {
        String email = email(random);
        return filled("DELETE FROM shapes.contacts WHERE email = %s;", email)
            + filled(
                "INSERT INTO shapes.contacts VALUES (%s, 'anew', %s, %s)",
                email, orNull(random, json(random)), orNull(random, large(random)));
      }
    },
    LINE {
      @Override
      String sql(Random random) {
        return filled(
                "INSERT INTO shapes.order_lines VALUES (%s, %d, 'S%d', %d, %d, %s, %s)",
                orNull(random, large(random)),
                random.nextInt(4),
                random.nextInt(9),
                orderId(random),
                random.nextInt(9),
                orNull(random, Integer.toString(random.nextInt(1_000_000)) + " / 100.0"),
                orNull(random, "'" + instant(random) + "'"))
            + " ON CONFLICT (order_id, line) DO UPDATE SET quantity = excluded.quantity";
      }
    },
    /** A key's column that decides the partition, for all lines of an order at once. */
    LINES_MOVE {
      @Override
      String sql(Random random) {
        long to = orderId(random);
        return filled(
                "UPDATE shapes.order_lines SET order_id = %d WHERE order_id = %d",
                to, orderId(random))
            + filled(" AND NOT EXISTS (SELECT FROM shapes.order_lines WHERE order_id = %d)", to);
      }
    },
    /** Each row takes the key that another leaves: no order of updates but one works. */
    LINES_SHIFT {
      @Override
      String sql(Random random) {
        long order = orderId(random);
        return filled(
            "DELETE FROM shapes.order_lines WHERE order_id = %1$d AND line = 0;"
                + "UPDATE shapes.order_lines SET line = 0 WHERE order_id = %1$d AND line = 1;"
                + "UPDATE shapes.order_lines SET line = 1 WHERE order_id = %1$d AND line = 2;"
                + "UPDATE shapes.order_lines SET line = 2 WHERE order_id = %1$d AND line = 3",
            order);
      }
    },
    LINES_DELETED {
      @Override
      String sql(Random random) {
        return "DELETE FROM shapes.order_lines WHERE order_id = " + orderId(random);
      }
    },
    READING {
      @Override
      String sql(Random random) {
        byte[] raw = new byte[random.nextInt(2) * random.nextInt(4_000)];
        random.nextBytes(raw);
        return filled(
                "INSERT INTO shapes.readings VALUES (%s, %s, %s, %s, %s)",
                id(random),
                orNull(random, "timestamp '" + timestamp(random) + "'"),
                orNull(random, Double.toString(random.nextGaussian())),
                orNull(random, "ARRAY['a', NULL, '" + random.nextInt(9) + "', '']"),
                orNull(random, "'\\x" + HexFormat.of().formatHex(raw) + "'"))
            + " ON CONFLICT (id) DO UPDATE SET value = excluded.value";
      }
    },
    READING_MOVES {
      @Override
      String sql(Random random) {
        return filled(
            "UPDATE shapes.readings SET taken_at = %s WHERE id = %s",
            orNull(random, "timestamp '" + timestamp(random) + "'"), id(random));
      }
    },
    READINGS_DELETED {
      @Override
      String sql(Random random) {
        return filled("DELETE FROM shapes.readings WHERE id IN (%s, %s)", id(random), id(random));
      }
    },
    SITE {
      @Override
      String sql(Random random) {
        return filled(
                "INSERT INTO shapes.sites VALUES (%d, %s, %s, 0)",
                siteId(random), region(random), orNull(random, day(random)))
            + " ON CONFLICT (id) DO UPDATE SET visits = sites.visits + 1";
      }
    },
    /** Through several partitions in one transaction, and perhaps back to the first. */
    SITE_MOVES {
      @Override
      String sql(Random random) {
        int id = siteId(random);
        return filled("UPDATE shapes.sites SET region = %s WHERE id = %d;", region(random), id)
            + filled(
                "UPDATE shapes.sites SET opened = %s WHERE id = %d;",
                orNull(random, day(random)), id)
            + filled("UPDATE shapes.sites SET region = %s WHERE id = %d", region(random), id);
      }
    },
    /** The first one stays. */
    SITE_REPLACED {
      @Override
      String sql(Random random) {
        int id = 2 + siteId(random);
        return filled("DELETE FROM shapes.sites WHERE id = %d;", id)
            + filled(
                "INSERT INTO shapes.sites VALUES (%d, %s, %s, 1);",
                id, region(random), orNull(random, day(random)))
            + (random.nextBoolean() ? "DELETE FROM shapes.sites WHERE id = " + id : "");
      }
    },
    CART {
      @Override
      String sql(Random random) {
        int cart = random.nextInt(KEYS);
        return filled(
                "INSERT INTO shapes.carts VALUES (%d, %s, 0)", cart, orNull(random, email(random)))
            + " ON CONFLICT (id) DO UPDATE SET total = carts.total + 1;"
            + filled(
                "INSERT INTO shapes.cart_items VALUES (%d, 'S%d', %d, %s)",
                cart, random.nextInt(5), random.nextInt(9), orNull(random, large(random)))
            + " ON CONFLICT (sku, cart_id) DO UPDATE SET amount = excluded.amount";
      }
    },
    EMPTY_CARTS {
      @Override
      String sql(Random random) {
        return "TRUNCATE shapes.carts, shapes.cart_items";
      }
    },
    DOCUMENT {
      @Override
      String sql(Random random) {
        return filled(
                "INSERT INTO shapes.documents VALUES (%s, %d, '%s', %s, %s)",
                email(random),
                random.nextInt(3),
                instant(random),
                large(random),
                orNull(random, json(random)))
            + " ON CONFLICT (title, part) DO UPDATE SET edited = excluded.edited";
      }
    },
    /** Many rows by one statement, each to another partition and with its large value unchanged. */
    DOCUMENTS_TOUCHED {
      @Override
      String sql(Random random) {
        return filled(
                "UPDATE shapes.documents SET edited = edited + interval '50 min' WHERE part = %d",
                random.nextInt(3))
            + filled(
                " AND title = ANY (ARRAY[%s, %s, %s])",
                email(random), email(random), email(random));
      }
    },
    DOCUMENT_RETITLED {
      @Override
      String sql(Random random) {
        String to = email(random);
        return filled("UPDATE shapes.documents SET title = %s WHERE title = %s", to, email(random))
            + filled(" AND NOT EXISTS (SELECT FROM shapes.documents WHERE title = %s)", to);
      }
    };

    /** A statement, or several; what it is about is drawn anew at each call. */
    abstract String sql(Random random);

    private static String filled(String template, Object... values) {
      return String.format(Locale.ROOT, template, values);
    }

    private static String email(Random random) {
      String initial = INITIALS.get(random.nextInt(INITIALS.size()));
      return "'" + initial.replace("'", "''") + random.nextInt(KEYS / INITIALS.size()) + "'";
    }

    private static long orderId(Random random) {
      return random.nextInt(KEYS / 4) - 10L + (random.nextBoolean() ? 0 : 1L << 40);
    }

    private static String id(Random random) {
      // Some before and some after zero as signed numbers.
      long high = (random.nextBoolean() ? 1L : -1L) << 60;
      return "'" + new UUID(high, random.nextInt(KEYS)) + "'";
    }

    private static int siteId(Random random) {
      return 1 + random.nextInt(KEYS / 3);
    }

    private static String region(Random random) {
      return orNull(random, "'" + INITIALS.get(random.nextInt(5)) + "'");
    }

    private static String orNull(Random random, String sql) {
      return random.nextInt(8) == 0 ? "NULL" : sql;
    }

    private static String day(Random random) {
      return "date '1969-12-01' + " + random.nextInt(60);
    }

    private static String timestamp(Random random) {
      return LocalDateTime.of(1969, 12, 31, 15, 0)
          .plusHours(random.nextInt(18))
          .plusNanos(1_000L * random.nextInt(1_000_000))
          .toString();
    }

    private static String instant(Random random) {
      return timestamp(random) + "+05:30";
    }

    /** Often too long for a page, so that the server keeps it apart from its row. */
    private static String large(Random random) {
      return "'"
          + digits(random, random.nextInt(3) == 0 ? 20 : 2_500 + random.nextInt(4_000))
          + "'";
    }

    private static String json(Random random) {
      return filled(
          "jsonb '{\"city\": \"%s\", \"n\": %d.50, \"deep\": [null, {\"a\": true}]}'",
          digits(random, random.nextInt(2) * 3_000), random.nextInt(1_000));
    }

    private static String digits(Random random, int length) {
      return random
          .ints(length, 'a', 'z' + 1)
          .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
          .toString();
    }
  }
}
