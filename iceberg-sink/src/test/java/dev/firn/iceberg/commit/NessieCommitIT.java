package dev.firn.iceberg.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.firn.change.health.Check;
import dev.firn.config.CatalogConfig;
import dev.firn.iceberg.Warehouse;
import dev.firn.iceberg.catalog.MultiTableGuarantee;
import dev.firn.iceberg.catalog.ReplicaDoctor;
import dev.firn.testing.NessieServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.exceptions.NoSuchTableException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the real server; each test has a branch of its own. */
final class NessieCommitIT extends CommitContract {
  @TempDir static Path serverFolder;
  private static NessieServer server;
  private static int bucketPort;
  private static int branches;

  @BeforeAll
  static void startServer() throws Exception {
    bucketPort = freePort();
    server =
        NessieServer.start(
            serverFolder.resolve("nessie.log"),
            URI.create("http://127.0.0.1:" + bucketPort),
            "s3://lake/replica");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @AfterAll
  static void stopServer() throws Exception {
    server.close();
  }

  @Override
  int bucketPort() {
    return bucketPort;
  }

  @BeforeEach
  void makeBranch() throws Exception {
    branches++;
    server.makeBranch(branch());
  }

  @Override
  CatalogConfig config() {
    return warehouse.config(CatalogConfig.Type.REST, "", server.iceberg(branch()).toString());
  }

  private static String branch() {
    return "test" + branches;
  }

  @Override
  Set<String> referenced(TableIdentifier id) throws Exception {
    Set<String> files = new HashSet<>();
    for (String hash : server.hashes(branch())) {
      TableIdentifier then = TableIdentifier.of(id.namespace(), id.name() + "#" + hash);
      try {
        files.addAll(Warehouse.referenced(fresh(then)));
      } catch (NoSuchTableException e) {
        // not made yet
      }
    }
    return files;
  }

  @Test
  void severalTablesMoveInOneCommitOfNessie() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    assertThat(daemon.commits.guarantee()).isEqualTo(MultiTableGuarantee.AT_ONCE);
    int before = server.hashes(branch()).size();
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 1, 10));
    String hash = server.hash(branch());
    daemon.commit(Change.insert(daemon.a, 2, 20), Change.insert(daemon.b, 2, 20));

    assertThat(server.hashes(branch())).hasSize(before + 2);
    for (TableIdentifier id : List.of(A, B)) {
      assertThat(Warehouse.rows(fresh(id))).containsExactly("1=10", "2=20");
      assertThat(Warehouse.rows(fresh(TableIdentifier.of(id.namespace(), id.name() + "#" + hash))))
          .containsExactly("1=10");
    }
  }

  @Test
  void whatOthersAddIsRefusedAndWhatNessieDoesNotShowIsLoadedAgain() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 1, 10));
    Table added = fresh(A);
    added.newAppend().appendFile(Warehouse.dataFile(added, 9, 90)).commit();
    assertUnfit(
        () -> daemon.commit(Change.insert(daemon.a, 2, 20)), "another program changed rows of");
    compact(A);
    Daemon later = new Daemon("two", 3);
    assertThat(fresh(A).properties()).containsEntry(Marks.FRONTIER, "none");
    assertThat(fresh(B).properties()).doesNotContainEntry(Marks.FRONTIER, "none");
    later.commit(Change.insert(later.b, 2, 20));
  }

  @Test
  void aBranchSetBackByOthersIsNoticed() throws Exception {
    Daemon daemon = new Daemon("one", 3);
    daemon.commit(Change.insert(daemon.a, 1, 10), Change.insert(daemon.b, 1, 10));
    String hash = server.hash(branch());
    daemon.commit(Change.insert(daemon.a, 2, 20));
    server.assign(branch(), hash);
    assertThat(Warehouse.rows(fresh(A))).containsExactly("1=10");

    assertUnfit(() -> daemon.commit(Change.insert(daemon.b, 2, 20)), "rolled back by others");
  }

  @Test
  void theDoctorSaysWhatNessieGives() throws Exception {
    assertThat(ReplicaDoctor.check(config()))
        .filteredOn(check -> check.name().equals("several tables at once"))
        .singleElement()
        .satisfies(check -> {
          assertThat(check.outcome()).isEqualTo(Check.Outcome.OK);
          assertThat(check.detail())
              .contains("at one instant")
              .contains("one commit of Nessie")
              .contains("at one hash");
        });
  }
}
