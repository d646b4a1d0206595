/** What examples are made for: the task of a run's manifest, as far as data matters to it. */
export type DatasetTask =
  /** Texts with a class; labels in the order of the class indices. */
  | { type: 'classification'; labels: readonly string[] }
  /**
   * The same, asked of a causal language model: `template` with the text in the place of `{text}` is the prompt, and the model's next token
   * should begin the word of the class. Words go behind the template as they are: where a space separates them, they begin with it.
   */
  | { type: 'verbalizer'; labels: readonly string[]; words: readonly string[]; template: string }
  /**
   * Texts whose every token is to be foretold from those before it. A longer text is cut, or, where an `overlap` is given, becomes several windows: each
   * reads so many tokens of the one before it again and foretells those behind them.
   */
  | { type: 'language'; overlap?: number | undefined };
