package dev.firn.cdc.postgres;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The event triggers that write each schema change into the log, in order with the rows, and take a
 * table that loses its replica identity out of Firn's publications, before an UPDATE or DELETE on
 * it could fail because of the publication.
 *
 * <p>A transactional message with the prefix {@value #PREFIX} carries JSON: {@code tag}, the
 * command; {@code objects}, the tables it touched as they are afterwards, each with oid, schema,
 * table, relfilenode (0 for a partitioned one) and columns, an array of [attnum, name, type]
 * without dropped and generated ones, the type as format_type prints it with the search path
 * pg_catalog; {@code dropped}, the tables dropped, each with oid, schema, table; {@code rewrite},
 * whether a table is about to be rewritten, and {@code rewritten}, which one, with its oid and the
 * reason of pg_event_trigger_table_rewrite_reason(); {@code unpublished}, the tables taken out,
 * each with oid, schema, table.
 *
 * <p>A message with the prefix firn.pad follows each. Decoding orders a message by the end of its
 * record and a row by the start, so a message written in a subtransaction (an exception block, a
 * savepoint) ties with a row of the outer transaction that comes next in the log, and may be
 * streamed behind it. The padding lies between the two, and may itself come late.
 *
 * <p>The functions run with their owner's rights and a fixed search path, and never raise: whatever
 * goes wrong in them becomes a warning, and the user's statement goes on.
 */
final class DdlTriggers {
  /** The messages' prefix. */
  static final String PREFIX = "firn.ddl";

  /** A publication whose comment begins so is guarded. */
  static final String GUARDED = "firn:";

  /**
   * An SQL function in Firn's schema.
   *
   * @param head what stands between its name and its body
   */
  record Function(String name, String head, String body) {
    String sql() {
      return "CREATE OR REPLACE FUNCTION "
          + SqlNames.quote(SourceCatalog.OWN_SCHEMA)
          + "."
          + name
          + " "
          + head
          + " AS $firn$"
          + body
          + "$firn$";
    }

    /** The name without the parameters. */
    String bareName() {
      return name.substring(0, name.indexOf('('));
    }
  }

  /** An event trigger. */
  record Trigger(String name, String event, String function) {
    List<String> sql() {
      return List.of(
          "CREATE EVENT TRIGGER "
              + name
              + " ON "
              + event
              + " EXECUTE FUNCTION "
              + SqlNames.quote(SourceCatalog.OWN_SCHEMA)
              + "."
              + function
              + "()",
          enable());
    }

    /** Also in sessions that apply changes from elsewhere, whose rows are in the log as well. */
    String enable() {
      return "ALTER EVENT TRIGGER " + name + " ENABLE ALWAYS";
    }
  }

  private static final String PATH = " SET search_path = pg_catalog, pg_temp";
  private static final String ON_EVENT =
      "RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER" + PATH;

  private static final Function DESCRIBE =
      new Function(
          "describe(tables oid[])",
          "RETURNS json LANGUAGE sql STABLE" + PATH,
          """

          SELECT coalesce(json_agg(json_build_object(
                   'oid', c.oid::bigint, 'schema', n.nspname, 'table', c.relname,
                   'relfilenode', c.relfilenode::bigint,
                   'columns', (SELECT coalesce(json_agg(json_build_array(
                                        a.attnum, a.attname,
                                        format_type(a.atttypid, a.atttypmod))
                                      ORDER BY a.attnum), '[]')
                                 FROM pg_attribute a
                                WHERE a.attrelid = c.oid AND a.attnum > 0
                                  AND NOT a.attisdropped AND a.attgenerated = ''))
                 ORDER BY c.oid), '[]')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE c.oid = ANY (tables) AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
          """);

  /** Usable as in {@link SourceCatalog}: on the table itself and on every leaf. */
  private static final Function TAKE_OUT =
      new Function(
          "take_out()",
          "RETURNS json LANGUAGE plpgsql" + PATH,
          """

          DECLARE
            lost record;
            taken json[] := '{}';
          BEGIN
            FOR lost IN
              SELECT p.pubname, c.oid, n.nspname, c.relname
                FROM pg_publication p
                JOIN pg_publication_rel r ON r.prpubid = p.oid
                JOIN pg_class c ON c.oid = r.prrelid
                JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE starts_with(obj_description(p.oid, 'pg_publication'), 'firn:')
                 AND EXISTS (
                   WITH RECURSIVE part (oid) AS (
                     SELECT c.oid
                     UNION ALL
                     SELECT i.inhrelid
                       FROM part
                       JOIN pg_class parent ON parent.oid = part.oid AND parent.relkind = 'p'
                       JOIN pg_inherits i ON i.inhparent = part.oid)
                   SELECT FROM part JOIN pg_class l ON l.oid = part.oid
                    WHERE (l.oid = c.oid OR l.relkind = 'r')
                      AND NOT CASE l.relreplident
                            WHEN 'f' THEN NOT EXISTS (
                              SELECT FROM pg_attribute a
                               WHERE a.attrelid = l.oid AND a.attnum > 0
                                 AND NOT a.attisdropped AND a.attgenerated <> '')
                            WHEN 'd' THEN EXISTS (
                              SELECT FROM pg_index x
                               WHERE x.indrelid = l.oid AND x.indisprimary AND x.indisvalid
                                 AND x.indimmediate)
                            WHEN 'i' THEN EXISTS (
                              SELECT FROM pg_index x
                               WHERE x.indrelid = l.oid AND x.indisreplident AND x.indisvalid
                                 AND x.indimmediate)
                            ELSE false END)
            LOOP
              EXECUTE format('ALTER PUBLICATION %I DROP TABLE ONLY %I.%I',
                             lost.pubname, lost.nspname, lost.relname);
              taken := taken || json_build_object(
                'oid', lost.oid::bigint, 'schema', lost.nspname, 'table', lost.relname);
            END LOOP;
            RETURN array_to_json(taken);
          END
          """);

  private static final Function ON_COMMAND =
      new Function(
          "on_ddl_command_end()",
          ON_EVENT,
          """

          DECLARE
            touched oid[];
            objects json;
            unpublished json := '[]';
          BEGIN
            BEGIN
              SELECT array_agg(DISTINCT t.oid) INTO touched
                FROM pg_event_trigger_ddl_commands() command
               CROSS JOIN LATERAL (
                 SELECT command.objid WHERE command.classid = 'pg_class'::regclass
                 UNION ALL
                 SELECT x.indrelid FROM pg_index x
                  WHERE command.classid = 'pg_class'::regclass AND x.indexrelid = command.objid
                 UNION ALL
                 SELECT a.attrelid FROM pg_attribute a
                  WHERE command.classid = 'pg_type'::regclass AND a.atttypid = command.objid
                    AND NOT a.attisdropped) t (oid)
               WHERE command.schema_name IS DISTINCT FROM 'pg_temp';
              IF touched IS NULL THEN
                RETURN;
              END IF;
              unpublished := firn.take_out();
            EXCEPTION WHEN OTHERS THEN
              RAISE WARNING 'firn could not look after its publication: % (%)', SQLERRM, SQLSTATE;
            END;
            BEGIN
              objects := firn.describe(touched);
              IF json_array_length(objects) > 0 OR json_array_length(unpublished) > 0 THEN
                PERFORM pg_logical_emit_message(true, 'firn.ddl', json_build_object(
                  'tag', tg_tag, 'objects', objects, 'dropped', '[]'::json, 'rewrite', false,
                  'unpublished', unpublished)::text);
                PERFORM pg_logical_emit_message(true, 'firn.pad', '');
              END IF;
            EXCEPTION WHEN OTHERS THEN
              RAISE WARNING 'firn could not log a schema change: % (%)', SQLERRM, SQLSTATE;
            END;
          END
          """);

  private static final Function ON_DROP =
      new Function(
          "on_sql_drop()",
          ON_EVENT,
          """

          DECLARE
            touched oid[];
            objects json;
            dropped json;
            unpublished json := '[]';
          BEGIN
            BEGIN
              IF NOT EXISTS (
                SELECT FROM pg_event_trigger_dropped_objects() o
                 WHERE NOT o.is_temporary
                   AND o.object_type IN ('table', 'table column', 'table constraint', 'index')) THEN
                RETURN;
              END IF;
              unpublished := firn.take_out();
            EXCEPTION WHEN OTHERS THEN
              RAISE WARNING 'firn could not look after its publication: % (%)', SQLERRM, SQLSTATE;
            END;
            BEGIN
              SELECT coalesce(json_agg(json_build_object(
                       'oid', o.objid::bigint, 'schema', o.address_names[1],
                       'table', o.address_names[2]) ORDER BY o.objid), '[]') INTO dropped
                FROM pg_event_trigger_dropped_objects() o
               WHERE o.object_type = 'table' AND NOT o.is_temporary;
              SELECT array_agg(DISTINCT o.objid) INTO touched
                FROM pg_event_trigger_dropped_objects() o
               WHERE o.object_type = 'table column' AND NOT o.is_temporary;
              objects := firn.describe(touched);
              IF json_array_length(objects) > 0 OR json_array_length(dropped) > 0
                 OR json_array_length(unpublished) > 0 THEN
                PERFORM pg_logical_emit_message(true, 'firn.ddl', json_build_object(
                  'tag', tg_tag, 'objects', objects, 'dropped', dropped, 'rewrite', false,
                  'unpublished', unpublished)::text);
                PERFORM pg_logical_emit_message(true, 'firn.pad', '');
              END IF;
            EXCEPTION WHEN OTHERS THEN
              RAISE WARNING 'firn could not log a schema change: % (%)', SQLERRM, SQLSTATE;
            END;
          END
          """);

  private static final Function ON_REWRITE =
      new Function(
          "on_table_rewrite()",
          ON_EVENT,
          """

          DECLARE
            objects json;
          BEGIN
            objects := firn.describe(ARRAY[pg_event_trigger_table_rewrite_oid()]);
            IF json_array_length(objects) > 0 THEN
              PERFORM pg_logical_emit_message(true, 'firn.ddl', json_build_object(
                'tag', tg_tag, 'objects', objects, 'dropped', '[]'::json, 'rewrite', true,
                'rewritten', json_build_array(json_build_object(
                  'oid', pg_event_trigger_table_rewrite_oid()::bigint,
                  'reason', pg_event_trigger_table_rewrite_reason())),
                'unpublished', '[]'::json)::text);
              PERFORM pg_logical_emit_message(true, 'firn.pad', '');
            END IF;
          EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'firn could not log a rewrite: % (%)', SQLERRM, SQLSTATE;
          END
          """);

  static final List<Function> FUNCTIONS =
      List.of(DESCRIBE, TAKE_OUT, ON_COMMAND, ON_DROP, ON_REWRITE);

  static final List<Trigger> TRIGGERS =
      List.of(
          new Trigger("firn_ddl_command_end", "ddl_command_end", "on_ddl_command_end"),
          new Trigger("firn_sql_drop", "sql_drop", "on_sql_drop"),
          new Trigger("firn_table_rewrite", "table_rewrite", "on_table_rewrite"));

  /**
   * What the database has of them.
   *
   * @param schema whether Firn's schema is there
   * @param bodies the functions' bodies by name
   * @param triggers by name, whether the trigger is enabled always
   */
  record Installed(boolean schema, Map<String, String> bodies, Map<String, Boolean> triggers) {
    Installed {
      bodies = Map.copyOf(bodies);
      triggers = Map.copyOf(triggers);
    }
  }

  private DdlTriggers() {}

  /** The statements that make the database have them as they are here. */
  static List<String> missing(Installed installed) {
    List<String> statements = new ArrayList<>();
    if (!installed.schema()) {
      statements.add("CREATE SCHEMA " + SqlNames.quote(SourceCatalog.OWN_SCHEMA));
    }
    for (Function function : FUNCTIONS) {
      if (!function.body().equals(installed.bodies().get(function.bareName()))) {
        statements.add(function.sql());
      }
    }
    for (Trigger trigger : TRIGGERS) {
      Boolean always = installed.triggers().get(trigger.name());
      if (always == null) {
        statements.addAll(trigger.sql());
      } else if (!always) {
        statements.add(trigger.enable());
      }
    }
    return statements;
  }
}
