import type { Deployment } from './deployment.ts'

/** Keeps what a run left from collections that begin from here on, until what it gives is called. */
export function keepMeanwhile({ exporting }: Pick<Deployment, 'exporting'>, run: string): () => void {
  exporting.set(run, (exporting.get(run) ?? 0) + 1)
  return () => {
    const others = (exporting.get(run) ?? 1) - 1
    if (others > 0) exporting.set(run, others)
    else exporting.delete(run)
  }
}
