package dev.firn.cdc.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.change.ChangeSink;
import dev.firn.change.fault.FirnException;
import dev.firn.change.position.Position;
import dev.firn.change.position.PostgresPosition;
import dev.firn.change.position.SourceTransaction;
import dev.firn.change.row.Row;
import dev.firn.change.table.TableSchema;
import dev.firn.config.Secret;
import dev.firn.config.SourceConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class KnownLogTest {
  private static final SourceConfig SOURCE =
      new SourceConfig(
          "db.internal", 5432, "shop", "firn", Secret.of("secret"), Map.of(), "firn", "firn");
  private static final Position RECORDED = PostgresPosition.at(1000, 7);
  private static final long RECORDED_MICROS = 1_800_000_000_000_000L;
  private static final long MINUTE_MICROS = 60_000_000;

  private final List<Position> passed = new ArrayList<>();

  private KnownLog log(long recordedMicros) {
    return new KnownLog(SOURCE, RECORDED, recordedMicros, new Passed());
  }

  @Test
  void whatTheReplicaHasSeenAndWhatIsBeyondItGoesThrough() throws Exception {
    KnownLog log = log(RECORDED_MICROS);
    log.commit(PostgresPosition.at(900, 6), RECORDED_MICROS - MINUTE_MICROS);
    log.commit(PostgresPosition.at(1000, 7), RECORDED_MICROS + 5);
    log.commit(PostgresPosition.at(1001, 8), RECORDED_MICROS + MINUTE_MICROS);
    assertThat(passed).hasSize(3);
  }

  @Test
  void aTransactionBeforeThePositionAndLaterThanItIsOfAnotherLog() {
    assertThatThrownBy(() ->
            log(RECORDED_MICROS)
                .commit(PostgresPosition.at(900, 6), RECORDED_MICROS + MINUTE_MICROS))
        .isInstanceOfSatisfying(
            FirnException.class,
            e -> assertThat(e.kind()).isEqualTo(FirnException.Kind.POSITION_LOST))
        .hasMessageContaining("restored from an older copy")
        .hasMessageContaining("a transaction of 2027-01-15T08:01:00Z before pg:0/3E8:7")
        .hasMessageContaining("as of 2027-01-15T08:00:00Z");
    assertThat(passed).isEmpty();
  }

  @Test
  void aReplicaThatKnowsNoTimeRefusesNothing() throws Exception {
    log(0).commit(PostgresPosition.at(900, 6), RECORDED_MICROS);
    assertThat(passed).hasSize(1);
  }

  /** Notes the ends of transactions. */
  private final class Passed implements ChangeSink {
    @Override
    public void begin(SourceTransaction transaction) {}

    @Override
    public void insert(TableSchema table, Row after) {}

    @Override
    public void update(TableSchema table, Row before, Row after) {}

    @Override
    public void delete(TableSchema table, Row before) {}

    @Override
    public void truncate(List<TableSchema> tables) {}

    @Override
    public void commit(Position end, long commitTimeMicros) {
      passed.add(end);
    }

    @Override
    public void idle(Position position, long seenTimeMicros) {}
  }
}
