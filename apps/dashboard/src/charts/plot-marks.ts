import type uPlot from 'uplot';

/** A moment in a run that its curves show: where on the horizontal axis, and what happened. */
export interface PlotMark {
  x: number;
  word: string;
}

/** Words closer than this to the one before are left to the list under the plot. */
const wordRoom = 64;

/** Draws a line for each mark from top to bottom, with its word at the top. */
export function drawMarks(plot: uPlot, marks: readonly PlotMark[], { line, text }: { line: string; text: string }): void {
  const { ctx, bbox } = plot;
  const { left, top, width, height } = bbox;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = line;
  ctx.fillStyle = text;
  ctx.lineWidth = scale;
  ctx.setLineDash([3 * scale, 3 * scale]);
  ctx.font = `${11 * scale}px system-ui, 'DejaVu Sans', sans-serif`;
  let wordsEnd = -Infinity;
  for (const { x, word } of marks) {
    const at = Math.round(plot.valToPos(x, 'x', true));
    if (at < left || at > left + width) continue;
    ctx.beginPath();
    ctx.moveTo(at, top);
    ctx.lineTo(at, top + height);
    ctx.stroke();
    if (at - wordsEnd < wordRoom * scale) continue;
    // At the right edge the word stands on the other side of its line.
    const isWide = at + 4 * scale + ctx.measureText(word).width > left + width;
    ctx.textAlign = isWide ? 'right' : 'left';
    ctx.fillText(word, isWide ? at - 4 * scale : at + 4 * scale, top + 11 * scale);
    wordsEnd = at;
  }
  ctx.restore();
}
