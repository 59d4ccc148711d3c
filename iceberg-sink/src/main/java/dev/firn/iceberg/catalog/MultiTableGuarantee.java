package dev.firn.iceberg.catalog;

/** What a reader of the catalog can see while a checkpoint of several tables is committed. */
public enum MultiTableGuarantee {
  /** All tables of a checkpoint move at one instant: none ever shows half a transaction. */
  AT_ONCE("all tables of a checkpoint move at one instant"),
  /**
   * Tables move one after another, the control table last: between them the catalog shows tables of
   * two checkpoints, and a reader needs the newest completed checkpoint of the control table.
   */
  ONE_AFTER_ANOTHER(
      "tables move one after another, so readers must pin them to the newest completed checkpoint"
          + " of firn.firn_replica to see one state");

  private final String text;

  MultiTableGuarantee(String text) {
    this.text = text;
  }

  /** The guarantee in words. */
  public String text() {
    return text;
  }
}
