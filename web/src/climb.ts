// Draws the climb. What is drawn follows from the time alone, so a frame that was missed, or a tab
// that was hidden, changes nothing.
import { type CurveName, firstMs } from "@client";

export interface Frame {
  curve: CurveName;
  phase: "wait" | "climb" | "end";
  /** Milliseconds of the climb so far. */
  ms: number;
  /** Hundredths at `ms`. */
  centi: number;
}
interface Colours {
  ink: string;
  faint: string;
  accent: string;
  wash: string;
  lost: string;
}

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** The height of the climb at `ms`; for shapes only, numbers come from the table. */
const height = (curve: CurveName, ms: number): number =>
  curve === "linear" ? 1 + ms / 5_000 : Math.exp(0.00006 * ms);

export class Painter {
  private readonly pen: CanvasRenderingContext2D | null;
  private colours: Colours = { ink: "", faint: "", accent: "", wash: "", lost: "" };
  /** Whether what was drawn is gone, or has other colours now. */
  stale = true;
  private size = { width: 0, height: 0, scale: 0 };

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.pen = canvas.getContext("2d");
    this.recolour();
    const fit = () => this.fit();
    new ResizeObserver(fit).observe(canvas);
    this.fit();
  }

  recolour(): void {
    const style = getComputedStyle(this.canvas);
    const of = (name: string) => style.getPropertyValue(name).trim();
    this.colours = {
      ink: of("--ink-2"),
      faint: of("--line"),
      accent: of("--accent"),
      wash: of("--accent-wash"),
      lost: of("--lost"),
    };
    this.stale = true;
  }

  private fit(): void {
    const { width, height } = this.canvas.getBoundingClientRect();
    const scale = Math.min(devicePixelRatio || 1, 2);
    this.size = { width, height, scale };
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.stale = true;
  }

  draw(frame: Frame): void {
    const pen = this.pen;
    this.stale = false;
    const { width, height: tall, scale } = this.size;
    if (!pen || width === 0) return;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, tall);
    const pad = { left: 12, right: 52, top: 26, bottom: 26 };
    const [wide, high] = [width - pad.left - pad.right, tall - pad.top - pad.bottom];
    const ms = frame.phase === "wait" ? 0 : frame.ms;
    const spanMs = Math.max(8_000, ms * 1.08);
    const top = Math.max(1.8, height(frame.curve, ms) * 1.12);
    const x = (at: number) => pad.left + (at / spanMs) * wide;
    const y = (value: number) => pad.top + high * (1 - (value - 1) / (top - 1));
    this.grid(pen, { top, spanMs, x, y, right: pad.left + wide, bottom: pad.top + high });
    if (frame.phase === "wait") {
      this.wing(pen, x(0) + 14, y(1) - 6, false, 0);
      return;
    }
    const [tipX, tipY] = [x(ms), y(height(frame.curve, ms))];
    const over = frame.phase === "end";
    const path = new Path2D();
    path.moveTo(x(0), y(1));
    const steps = Math.max(2, Math.min(96, Math.ceil((tipX - x(0)) / 6)));
    for (let step = 1; step <= steps; step += 1) {
      const at = (ms * step) / steps;
      path.lineTo(x(at), y(height(frame.curve, at)));
    }
    const below = new Path2D(path);
    below.lineTo(tipX, y(1));
    below.closePath();
    pen.globalAlpha = over ? 0.35 : 1;
    pen.fillStyle = this.colours.wash;
    pen.fill(below);
    pen.globalAlpha = 1;
    pen.strokeStyle = over ? this.colours.lost : this.colours.accent;
    pen.lineWidth = 3;
    pen.lineCap = "round";
    pen.lineJoin = "round";
    pen.stroke(path);
    this.wing(pen, tipX, tipY, over, ms);
  }

  /** The mark flies at the tip: three feathers, and the drop of wax. */
  private wing(
    pen: CanvasRenderingContext2D,
    x: number,
    y: number,
    over: boolean,
    ms: number,
  ): void {
    const beat = STILL.matches || over ? 0 : Math.sin(ms / 140) * 0.12;
    pen.save();
    pen.translate(x, y);
    pen.rotate(over ? 0.9 : -0.35 + beat);
    pen.strokeStyle = over ? this.colours.lost : this.colours.accent;
    pen.lineWidth = 3;
    for (const [length, lift] of [
      [26, -15],
      [21, -7],
      [15, 0],
    ] as const) {
      pen.beginPath();
      pen.moveTo(0, 0);
      pen.quadraticCurveTo(-length * 0.5, lift * 1.3, -length, lift);
      pen.stroke();
    }
    pen.fillStyle = over ? this.colours.lost : this.colours.accent;
    pen.beginPath();
    pen.arc(0, 0, 4.5, 0, Math.PI * 2);
    pen.fill();
    pen.restore();
  }

  private grid(
    pen: CanvasRenderingContext2D,
    at: {
      top: number;
      spanMs: number;
      x: (ms: number) => number;
      y: (value: number) => number;
      right: number;
      bottom: number;
    },
  ): void {
    pen.strokeStyle = this.colours.faint;
    pen.fillStyle = this.colours.ink;
    pen.lineWidth = 1;
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    for (const value of marks(1, at.top, 4)) {
      const y = Math.round(at.y(value)) + 0.5;
      pen.beginPath();
      pen.moveTo(at.x(0), y);
      pen.lineTo(at.right, y);
      pen.stroke();
      pen.fillText(`${Number(value.toFixed(2))}×`, at.right + 8, y);
    }
    pen.textAlign = "center";
    for (const seconds of marks(0, at.spanMs / 1_000, 5)) {
      if (seconds > 0)
        pen.fillText(`${Number(seconds.toFixed(1))} s`, at.x(seconds * 1_000), at.bottom + 15);
    }
  }
}

/** `least`, and about `count` round numbers from there to `top`. */
function marks(least: number, top: number, count: number): number[] {
  const rough = (top - least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [least];
  const wide = step ?? top;
  // What lies close above the least would be written over it.
  for (let n = Math.ceil((least + wide / 2) / wide); n * wide <= top; n += 1) found.push(n * wide);
  return found;
}

/** Where a climb that ended at `centi` ended in time. */
export const lengthOf = (curve: CurveName, centi: number): number => firstMs(curve, centi);
