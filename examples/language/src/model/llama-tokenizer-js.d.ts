/** What is read of llama-tokenizer-js 1.2.2; its own types leave out vocabulary and merges. */
declare module 'llama-tokenizer-js' {
  interface LlamaTokenizer {
    /** Pieces in the order of their ids. */
    vocabById: string[];
    /** Rank of each merge by the two pieces, a space between them; lower ranks first. */
    merges: Map<string, number>;
    encode(text: string, addBos?: boolean, addPrecedingSpace?: boolean): number[];
  }
  const tokenizer: LlamaTokenizer;
  export default tokenizer;
}
