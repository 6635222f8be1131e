import { mean } from '../../comparison/statistics/moments.js';

/** Estimates when all parallel runs will have ended. Times are in seconds. */
export interface TimeLeft {
  begin(run: string, kind: string, now: number): void;
  /** @param fraction Completed share of the run's epochs. A resumed run starts above 0. */
  update(run: string, fraction: number, now: number): void;
  end(run: string, now: number): void;
  /** Null while nothing is known. Early stopping makes the time shorter. */
  left(now: number): number | null;
}

interface Running {
  readonly kind: string;
  readonly begun: number;
  first: { readonly fraction: number; readonly at: number } | undefined;
  fraction: number;
}

/** @param waiting The kinds of future runs. Runs of one kind take about the same time. */
export function createTimeLeft(waiting: readonly string[], jobs: number): TimeLeft {
  const toCome = [...waiting];
  const running = new Map<string, Running>();
  const taken: { readonly kind: string; readonly seconds: number }[] = [];
  const whole = ({ begun, first, fraction }: Running, now: number): number | null => {
    if (!first || fraction <= first.fraction) return null;
    return first.at - begun + (now - first.at) / (fraction - first.fraction);
  };
  return {
    begin(run, kind, now) {
      toCome.splice(toCome.indexOf(kind), 1);
      running.set(run, { kind, begun: now, first: undefined, fraction: 0 });
    },
    update(run, fraction, now) {
      const state = running.get(run);
      if (!state) return;
      state.first ??= { fraction, at: now };
      state.fraction = fraction;
    },
    end(run, now) {
      const state = running.get(run);
      running.delete(run);
      if (state && (state.first?.fraction ?? 0) < 0.1) taken.push({ kind: state.kind, seconds: now - state.begun });
    },
    left(now) {
      const guesses = [...running.values()].flatMap((state) => {
        const seconds = whole(state, now);
        return seconds === null ? [] : [{ kind: state.kind, seconds }];
      });
      const known = [...taken, ...guesses];
      if (known.length === 0) return null;
      const expected = (kind: string) => {
        const alike = known.filter((one) => one.kind === kind);
        return mean((alike.length > 0 ? alike : known).map(({ seconds }) => seconds));
      };
      const rest = [...running.values()].map((state) => {
        const seconds = whole(state, now);
        return seconds === null
          ? Math.max(0, expected(state.kind) - (now - state.begun))
          : (seconds - (state.first?.at ?? 0) + state.begun) * (1 - state.fraction);
      });
      const sum = [...rest, ...toCome.map(expected)].reduce((total, seconds) => total + seconds, 0);
      return Math.max(sum / jobs, ...rest);
    },
  };
}
