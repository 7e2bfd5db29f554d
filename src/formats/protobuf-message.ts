/**
 * Protobuf messages described as plain tables: which field number holds which property, of which type. The tables are checked
 * against the TypeScript interface of the message, and both the reader and the writer walk them.
 */

/** int64 exactly: a number where that is safe, a bigint beyond ±2⁵³. */
export type Int64 = number | bigint;

interface ValueOf {
  int32: number;
  int64: Int64;
  float: number;
  string: string;
  bytes: Uint8Array;
  /**
   * Numbers of a large repeated field, not decoded: the payload of packed elements, in pieces as they lie in the file.
   * What the elements are is the business of whoever reads the payload.
   */
  packed: Uint8Array;
}

export type Scalar = keyof ValueOf;
type Lazy<T> = () => MessageType<T>;

export interface Field<V = unknown> {
  readonly number: number;
  /** A message is named by a function, since messages refer to each other in circles. */
  readonly type: Scalar | Lazy<object>;
  readonly repeated: boolean;
  /** Never set: it only tells the compiler the type of the property. */
  readonly value?: V;
}

export interface MessageType<T> {
  readonly fields: ReadonlyMap<number, readonly [property: string, field: Field]>;
  /** What a message starts from when read: an empty list for every repeated field. */
  readonly empty: Readonly<Record<string, readonly never[]>>;
  readonly value?: T;
}

/** A singular field: its property is absent when the field is. */
export function one<S extends Scalar>(number: number, type: S): Field<ValueOf[S]>;
export function one<T extends object>(number: number, type: Lazy<T>): Field<T>;
export function one(number: number, type: Scalar | Lazy<object>): Field {
  return { number, type, repeated: false };
}

/** A repeated field. Numbers are written packed and read either way. */
export function many<S extends Scalar>(number: number, type: S): Field<readonly ValueOf[S][]>;
export function many<T extends object>(number: number, type: Lazy<T>): Field<readonly T[]>;
export function many(number: number, type: Scalar | Lazy<object>): Field {
  return { number, type, repeated: true };
}

export const NONE: readonly never[] = Object.freeze([]);

export function message<T>(table: { readonly [K in keyof T]-?: Field<NonNullable<T[K]>> }): MessageType<T> {
  const entries = Object.entries<Field>(table);
  return {
    fields: new Map(entries.map(([property, field]) => [field.number, [property, field]])),
    empty: Object.fromEntries(entries.flatMap(([property, { repeated }]) => (repeated ? [[property, NONE]] : []))),
  };
}

/** A message as it was read: every repeated field is a list, singular ones are there if the file has them. */
export type Decoded<T> = T extends string | number | bigint | Uint8Array
  ? T
  : { readonly [K in keyof T as T[K] extends readonly unknown[] | undefined ? K : never]-?: DecodedList<T[K]> } & {
      readonly [K in keyof T as T[K] extends readonly unknown[] | undefined ? never : K]: Decoded<T[K]>;
    };
type DecodedList<T> = T extends readonly (infer E)[] ? readonly Decoded<E>[] : never;
