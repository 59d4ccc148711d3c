package dev.firn.cdc.stream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ColumnShapeTest {
  @Test
  void theCatalogsWordsBecomeThoseOfPgType() {
    assertThat(ColumnShape.canonical("integer")).isEqualTo("int4");
    assertThat(ColumnShape.canonical("integer[]")).isEqualTo("_int4");
    assertThat(ColumnShape.canonical("numeric(10,2)")).isEqualTo("numeric(10,2)");
    assertThat(ColumnShape.canonical("numeric(10,2)[]")).isEqualTo("_numeric(10,2)");
    assertThat(ColumnShape.canonical("character varying(20)")).isEqualTo("varchar(20)");
    assertThat(ColumnShape.canonical("character(3)[]")).isEqualTo("_bpchar(3)");
    assertThat(ColumnShape.canonical("timestamp(3) without time zone")).isEqualTo("timestamp(3)");
    assertThat(ColumnShape.canonical("timestamp(6) with time zone")).isEqualTo("timestamptz");
    assertThat(ColumnShape.canonical("time without time zone")).isEqualTo("time");
    assertThat(ColumnShape.canonical("public.mood")).isEqualTo("mood");
    assertThat(ColumnShape.canonical("public.\"Odd Type\"")).isEqualTo("Odd Type");
    assertThat(ColumnShape.canonical("\"s.x\".\"a \"\"q\"\" b\"[]")).isEqualTo("_a \"q\" b");
  }
}
