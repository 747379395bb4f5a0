import { mkdtempSync, rmSync } from 'node:fs'
import { sqliteJournal } from '../../journal-sqlite/src/index.ts'
import { engineWith, fakeHands, item, LOCAL, submission } from './harness.ts'
const mode = process.argv[3] ?? 'sqlite'
for (const n of (process.argv[2] ?? '1000,1000,10000').split(',').map(Number)) {
  const dir = mkdtempSync('/tmp/b/')
  const hands = fakeHands()
  const { engine, notices } = await engineWith(hands, {
    queues: { default: { concurrency: 500 } },
    ...(mode === 'sqlite' ? sqliteJournal({ dir }) : {}),
  })
  const items = Array.from({ length: n }, (_, i) =>
    item(`i${i}`, mode === 'chain' && i > 0 ? { needs: [{ from: i - 1 }] } : {}),
  )
  const t0 = performance.now()
  await engine.submit(LOCAL, submission('r' + n, items))
  const t1 = performance.now()
  await engine.sealed('r' + n)
  const t2 = performance.now()
  console.log(
    n,
    'submit',
    (t1 - t0).toFixed(0),
    'run',
    (t2 - t1).toFixed(0),
    'items/s',
    ((n / (t2 - t0)) * 1000).toFixed(0),
    'rss',
    (process.memoryUsage().rss / 1e6).toFixed(0),
    notices.length,
    notices[0],
  )
  await engine.stop()
  rmSync(dir, { recursive: true })
}
process.exit(0)
