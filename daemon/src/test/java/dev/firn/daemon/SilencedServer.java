package dev.firn.daemon;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Stands before an HTTP server and answers as that does, until a request has a certain word in it.
 * From then on it takes connections and requests, and answers none.
 */
final class SilencedServer implements AutoCloseable {
  private static final int CHUNK_BYTES = 8192;

  private final URI behind;
  private final String word;
  private final ServerSocket listening;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private volatile boolean silent;

  SilencedServer(URI behind, String word) throws IOException {
    this.behind = behind;
    this.word = word;
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(() -> untilClosed(this::accept));
  }

  URI endpoint() {
    return URI.create("http://127.0.0.1:" + listening.getLocalPort());
  }

  /** Whether the word was met. */
  boolean isSilent() {
    return silent;
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listening.accept();
      sockets.add(client);
      Socket server = new Socket(behind.getHost(), behind.getPort());
      sockets.add(server);
      Thread.ofVirtual().start(() -> untilClosed(() -> forwardRequests(client, server)));
      Thread.ofVirtual()
          .start(() ->
              untilClosed(() -> server.getInputStream().transferTo(client.getOutputStream())));
    }
  }

  private void forwardRequests(Socket client, Socket server) throws IOException {
    InputStream from = client.getInputStream();
    OutputStream to = server.getOutputStream();
    byte[] chunk = new byte[CHUNK_BYTES];
    for (int n = from.read(chunk); n >= 0; n = from.read(chunk)) {
      silent |= new String(chunk, 0, n, StandardCharsets.ISO_8859_1).contains(word);
      if (!silent) {
        to.write(chunk, 0, n);
      }
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private void untilClosed(Work work) {
    try {
      work.run();
    } catch (IOException e) {
      if (!listening.isClosed() && sockets.stream().noneMatch(Socket::isClosed)) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
