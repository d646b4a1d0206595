/** How one code is answered: whether the same request may succeed later, its HTTP status, what to do about it. */
export interface ErrorEntry {
  retryable: boolean;
  http: number;
  fix: string;
}
