import type { S3Access } from './s3-access.ts'
import { wireTo } from './wire.ts'
import type { Fault, Seen } from './wire.ts'

// A wire in a process of its own, whose buffers are not counted as those of the storage under test.
process.once('message', ({ access, fault, every }: { access: S3Access; fault: Fault; every: number }) => {
  // A request that was hit three times in a row gets through: a client that tries six times has a right to succeed.
  const hit = new Map<string, number>()
  const choose = ({ method, url, number }: Seen): Fault => {
    const what = `${method} ${url}`
    const before = hit.get(what) ?? 0
    if (number % every !== 0 || before >= 3) {
      hit.delete(what)
      return 'none'
    }
    hit.set(what, before + 1)
    return fault
  }
  void wireTo(access, choose).then((wire) => process.send?.(wire.access.endpoint))
})
process.once('disconnect', () => process.exit(0))
