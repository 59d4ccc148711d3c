package dev.firn.iceberg.commit;

import dev.firn.iceberg.catalog.MultiTableGuarantee;
import java.util.List;
import org.apache.iceberg.catalog.TableCommit;
import org.apache.iceberg.exceptions.CommitFailedException;
import org.apache.iceberg.rest.RESTCatalog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A REST server's {@code transactions/commit}. A server that says it has none gets one table after
 * another.
 */
final class RestPointerMove implements PointerMove {
  private static final Logger LOG = LoggerFactory.getLogger(RestPointerMove.class);

  private final RESTCatalog catalog;
  private final PlainPointerMove plain = new PlainPointerMove();
  private boolean several = true;

  RestPointerMove(RESTCatalog catalog) {
    this.catalog = catalog;
  }

  @Override
  public Answer move(List<StagedTable> tables) {
    if (several) {
      try {
        catalog.commitTransaction(
            tables.stream()
                .map(table -> TableCommit.create(table.table().id(), table.base(), table.staged()))
                .toList());
        return new Answer.Moved();
      } catch (UnsupportedOperationException e) {
        LOG.warn("the REST catalog does not offer transactions/commit: {}", e.getMessage());
        several = false;
      } catch (CommitFailedException e) {
        return new Answer.Conflict(String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        return new Answer.Unknown(e);
      }
    }
    return plain.move(tables);
  }

  @Override
  public boolean keepsUp() {
    return several;
  }

  @Override
  public MultiTableGuarantee guarantee() {
    return several ? MultiTableGuarantee.AT_ONCE : plain.guarantee();
  }
}
