package dev.firn.iceberg.write;

import java.util.Arrays;
import java.util.Comparator;

/** A growing list of slot numbers, unboxed. */
final class SlotList {
  private int[] slots;
  private int size;

  SlotList(int capacity) {
    slots = new int[Math.max(1, capacity)];
  }

  void add(int slot) {
    if (size == slots.length) {
      slots = Arrays.copyOf(slots, Math.multiplyExact(size, 2));
    }
    slots[size++] = slot;
  }

  int get(int index) {
    return slots[index];
  }

  int size() {
    return size;
  }

  void clear() {
    size = 0;
  }

  void sort(Comparator<Integer> order) {
    int[] sorted =
        Arrays.stream(slots, 0, size).boxed().sorted(order).mapToInt(Integer::intValue).toArray();
    System.arraycopy(sorted, 0, slots, 0, size);
  }
}
