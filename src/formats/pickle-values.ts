/** What a pickle holds, as data: nothing of it is a Python object, and nothing of it can run. */

/** A dictionary by its keys; keys that are neither text nor numbers are found by identity alone. */
export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>();

  get(key: string | number): PickleValue | undefined {
    return this.entries.get(key);
  }
}

/** A list, a tuple or a set: what is in it, in the order it was written. */
export class PickleSequence {
  readonly items: PickleValue[];

  constructor(items: PickleValue[]) {
    this.items = items;
  }
}

/** A class or a function, by its dotted name. */
export class PickleGlobal {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** An object that was not made: the name of its class, what it would have been made with, and what would have been put into it. */
export class PickleRecord {
  readonly type: string;
  readonly args: readonly PickleValue[];
  state: PickleValue | undefined;

  constructor(type: string, args: readonly PickleValue[] = []) {
    this.type = type;
    this.args = args;
  }
}

export type PickleValue =
  null | boolean | number | bigint | string | Uint8Array | PickleDict | PickleSequence | PickleGlobal | PickleRecord;
