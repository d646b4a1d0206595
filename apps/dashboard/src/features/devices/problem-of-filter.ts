/** What is wrong with a filter as it is typed, or null. @param read throws with a `problem` where it cannot be read */
export function problemOfFilter(text: string, read: (text: string) => unknown): string | null {
  try {
    read(text);
    return null;
  } catch (error) {
    return error instanceof Error && 'problem' in error ? String(error.problem) : 'The filter cannot be read.';
  }
}
