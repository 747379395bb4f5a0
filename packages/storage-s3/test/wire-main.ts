import type { S3Access } from '@seamark/testing-services'
import { wireTo } from './wire.ts'
import type { Fault } from './wire.ts'

// A wire in a process of its own, whose buffers are not counted as those of the storage under test.
process.once('message', ({ access, fault, every }: { access: S3Access; fault: Fault; every: number }) => {
  void wireTo(access, ({ number }) => (number % every === 0 ? fault : 'none')).then((wire) =>
    process.send?.(wire.access),
  )
})
process.once('disconnect', () => process.exit(0))
