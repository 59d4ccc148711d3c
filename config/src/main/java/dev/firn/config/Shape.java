package dev.firn.config;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * What a value of the config file must be: it reads the value, and it describes the value to
 * editors. Reader and JSON Schema come from the same shapes, so they cannot differ.
 *
 * @param <T> what the value becomes
 */
interface Shape<T> {
  /** The value; null exactly when at least one problem has been reported. */
  @Nullable T read(YamlNode node, Place place);

  /** The shape as JSON Schema, for the caller to add a description to. */
  ObjectNode schema();
}
