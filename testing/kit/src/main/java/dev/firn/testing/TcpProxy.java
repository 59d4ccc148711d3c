package dev.firn.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands on loopback before a server on this machine and does to its connections what networks do:
 * cuts them, refuses new ones, loses or forges answers, and takes its time.
 */
public final class TcpProxy implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TcpProxy.class);
  private static final int BUFFER_BYTES = 64 << 10;
  private static final List<String> METHODS =
      List.of("GET /", "PUT /", "POST /", "HEAD /", "DELETE /");
  private static final Duration LAST_WORDS = Duration.ofSeconds(1);

  private final ServerSocket listener;
  private final int target;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final AtomicLong disturbances = new AtomicLong();
  private volatile boolean refusing;
  private volatile boolean closed;
  private volatile boolean swallowing;
  private volatile CountDownLatch swallowed = new CountDownLatch(1);
  private volatile Duration delay = Duration.ZERO;
  private volatile Optional<Refusal> refusal = Optional.empty();

  /** An answer of HTTP instead of the server's own. */
  private record Refusal(int status, int everyNth, AtomicLong requests) {
    boolean nextIsRefused() {
      return requests.incrementAndGet() % everyNth == 0;
    }

    byte[] answer() {
      return ("HTTP/1.1 " + status + " As Told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
          .getBytes(StandardCharsets.US_ASCII);
    }
  }

  private TcpProxy(ServerSocket listener, int target) {
    this.listener = listener;
    this.target = target;
  }

  /** Starts before that port of this machine, on a port of its own. */
  public static TcpProxy before(int target) throws IOException {
    TcpProxy proxy =
        new TcpProxy(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), target);
    Thread.ofVirtual().name("proxy-" + target).start(proxy::listen);
    return proxy;
  }

  /** Where it listens. */
  public int port() {
    return listener.getLocalPort();
  }

  /** How many connections and pieces of data it has cut, refused, lost, forged or held up. */
  public long disturbances() {
    return disturbances.get();
  }

  /** Ends all connections that there are, without a word to either side. */
  public void cut() {
    disturbances.addAndGet(open.size());
    open.forEach(TcpProxy::close);
    open.clear();
  }

  /** Cuts everything, and ends each new connection at once, until {@link #restore}. */
  public void interrupt() {
    refusing = true;
    cut();
  }

  /** What clients send arrives; what the server answers does not, until {@link #restore}. */
  public void swallowAnswers() {
    swallowed = new CountDownLatch(1);
    swallowing = true;
  }

  /** Waits until an answer did not arrive; whether that was so within the limit. */
  public boolean awaitSwallowed(Duration limit) throws InterruptedException {
    return swallowed.await(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Answers requests of HTTP itself, with a status and no body, until {@link #restore}.
   *
   * @param everyNth 1 for each of them, 7 for every seventh
   */
  public void answer(int status, int everyNth) {
    refusal = Optional.of(new Refusal(status, everyNth, new AtomicLong()));
  }

  /** Lets connections through again, at full speed. */
  public void restore() {
    refusal = Optional.empty();
    refusing = false;
    swallowing = false;
    delay = Duration.ZERO;
  }

  /** From now on every piece of data, in both directions, arrives that much later. */
  public void delay(Duration by) {
    delay = by;
  }

  private void listen() {
    while (!closed) {
      try {
        Socket client = listener.accept();
        if (refusing) {
          disturbances.incrementAndGet();
          close(client);
        } else {
          connect(client);
        }
      } catch (IOException e) {
        if (!closed) {
          LOG.warn("the proxy before port {} lost a connection at its beginning", target, e);
        }
      }
    }
  }

  private void connect(Socket client) throws IOException {
    Socket server;
    try {
      server = new Socket(InetAddress.getLoopbackAddress(), target);
    } catch (IOException e) {
      close(client);
      throw e;
    }
    client.setTcpNoDelay(true);
    server.setTcpNoDelay(true);
    open.add(client);
    open.add(server);
    Thread.ofVirtual().start(() -> pump(client, server, false));
    Thread.ofVirtual().start(() -> pump(server, client, true));
  }

  /** Hands bytes over until either side ends, which ends both. */
  private void pump(Socket from, Socket to, boolean answers) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        Duration wait = delay;
        if (!wait.isZero()) {
          disturbances.incrementAndGet();
          LockSupport.parkNanos(wait.toNanos());
        }
        Optional<Refusal> instead = refusal;
        if (!answers
            && instead.isPresent()
            && beginsRequest(buffer, read)
            && instead.get().nextIsRefused()) {
          disturbances.incrementAndGet();
          refuse(from, instead.get());
          return;
        }
        if (answers && swallowing) {
          disturbances.incrementAndGet();
          swallowed.countDown();
        } else {
          out.write(buffer, 0, read);
          out.flush();
        }
      }
    } catch (IOException e) {
      LOG.debug("a connection to port {} ended: {}", target, e.getMessage());
    } finally {
      open.remove(from);
      open.remove(to);
    }
  }

  /** Clients write a request's head by itself, or with its body behind it. */
  private static boolean beginsRequest(byte[] data, int length) {
    String start = new String(data, 0, Math.min(length, 8), StandardCharsets.US_ASCII);
    return METHODS.stream().anyMatch(start::startsWith);
  }

  private static void refuse(Socket client, Refusal refusal) throws IOException {
    client.getOutputStream().write(refusal.answer());
    client.shutdownOutput();
    // with data unread, closing would take the answer away from the client
    client.setSoTimeout((int) LAST_WORDS.toMillis());
    client.getInputStream().transferTo(OutputStream.nullOutputStream());
  }

  private static void close(Socket socket) {
    try {
      // a reset, as from a host that is gone, not an orderly end
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException e) {
      LOG.debug("closing a connection: {}", e.getMessage());
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    listener.close();
    cut();
  }
}
