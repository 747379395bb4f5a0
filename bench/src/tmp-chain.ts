import { startRig } from './rig.ts'
import { mkdtempSync, rmSync } from 'node:fs'
const dir = mkdtempSync('/tmp/b/')
const rig = await startRig(dir)
await rig.run('w', 'chain', 1000)
const cpu = process.cpuUsage()
const ms = await rig.run('r', (process.argv[2] ?? 'chain') as never, Number(process.argv[3] ?? 5000))
const c = process.cpuUsage(cpu)
console.log(
  'ms',
  ms.toFixed(0),
  'us/item wall',
  ((ms * 1000) / Number(process.argv[3] ?? 5000)).toFixed(1),
  'cpu user',
  (c.user / Number(process.argv[3] ?? 5000)).toFixed(1),
  'sys',
  (c.system / Number(process.argv[3] ?? 5000)).toFixed(1),
  'rss',
  process.resourceUsage().maxRSS / 1000,
)
await rig.close()
rmSync(dir, { recursive: true })
