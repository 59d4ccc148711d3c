package dev.firn.cdc.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.firn.cdc.slot.SlotIdentity.TimelineSwitch;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlotIdentityTest {
  @Test
  void theTextReadsBack() {
    SlotIdentity first = new SlotIdentity("7001", 1, List.of(), "firn", "shop of mine");
    SlotIdentity third =
        new SlotIdentity(
            "7001",
            3,
            List.of(new TimelineSwitch(1, 0x500_0028L), new TimelineSwitch(2, 0x1_0000_0000L)),
            "firn",
            "shop");
    assertThat(SlotIdentity.parse(first.toText())).isEqualTo(first);
    assertThat(SlotIdentity.parse(third.toText())).isEqualTo(third);
    assertThatThrownBy(() -> SlotIdentity.parse("7001 1"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aHistoryFileIsRead() {
    assertThat(
            SlotCheck.history(
                "1\t0/5000028\tno recovery target specified\n\n# x\n2\t1/0\tbefore 2020-01-01\n"))
        .containsExactly(new TimelineSwitch(1, 0x500_0028L), new TimelineSwitch(2, 0x1_0000_0000L));
  }
}
