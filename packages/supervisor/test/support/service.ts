/**
 * A service that can be killed at any instant: `service.ts DATA MARKS FROM COUNT` launches programs that
 * each append their id to the file MARKS, and prints each id whose launch was answered.
 */
import { launchId } from '@seamark/kit'
import { testExecutor } from './executor.ts'

const [data = '', marks = '', from = '0', count = '0'] = process.argv.slice(2)
const executor = testExecutor(data)
for (let n = Number(from); n < Number(from) + Number(count); n++) {
  const id = launchId('crash', 'run', String(n), 1, 'main')
  await executor.launch(id, {
    argv: ['/bin/sh', '-c', `echo ${id} >> "$1"; exec /bin/sleep 0.05`, 'sh', marks],
    env: {},
    cwd: '/',
    mounts: [],
  })
  process.stdout.write(`${id}\n`)
}
await executor.close?.()
