/** Lines as a block of code of Markdown; what is false or undefined is no line. */
export function codeBlock(language: string, lines: readonly (string | false | undefined)[]): string {
  return `\`\`\`${language}\n${lines.filter((line) => typeof line === 'string').join('\n')}\n\`\`\`\n`;
}
