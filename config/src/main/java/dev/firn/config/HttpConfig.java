package dev.firn.config;

import java.util.Objects;

/**
 * Where health and meters are served.
 *
 * @param address the address to listen on; loopback unless told otherwise
 * @param port the TCP port; 0 for any free one
 */
public record HttpConfig(String address, int port) {
  public HttpConfig {
    Objects.requireNonNull(address, "address");
  }
}
