/**
 * A copy of a protobuf message with some fields replaced; the original stays as it is, unchanged fields are shared.
 * Not a spread: the defaults of unset proto2 fields live on the prototype of a message, and a spread would lose them.
 */
export function revise<M extends object>(message: M, changes: Partial<M>): M {
  return Object.assign(Object.create(Object.getPrototypeOf(message)), message, changes);
}
