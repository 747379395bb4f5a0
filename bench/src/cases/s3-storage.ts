import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { startRadosgw } from '@seamark/testing-services'
import { inChild } from '../child.ts'
import type { Line, Scale } from '../line.ts'
import type { S3Times, S3Work } from '../measures/s3-rates.ts'
import { inTurn, median, pairedRatio } from '../stats.ts'

const against = 'the bare client of AWS (lib-storage for the large one) on the same server'

/** Puts and gets on a radosgw of its own, each in a process of its own, in turn with the bare client. */
export async function measure(scale: Scale): Promise<Line[]> {
  const objects = scale === 'quick' ? 1_000 : 10_000
  const bytes = scale === 'quick' ? 100_000_000 : 2_000_000_000
  const what = `storage-s3, ${objects.toLocaleString('en-US')} objects of 4 kB, 64 at a time`
  const large = `storage-s3, one object of ${bytes / 1e9} GB`
  let server
  try {
    server = await startRadosgw()
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    return [{ what, skipped: `no radosgw: ${why}` }]
  }
  const { stop, dir: _, ...access } = server
  try {
    const bucket = 'bench'
    const client = new S3Client({ ...access, credentials: access, forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
    return [
      ...(await compared(what, { objects }, scale === 'quick' ? 1 : 5, { count: objects, unit: 'objects/s' })),
      ...(await compared(large, { bytes }, scale === 'quick' ? 1 : 2, { count: bytes / 1e6, unit: 'MB/s' })),
    ]

    async function compared(
      name: string,
      work: S3Work['work'],
      pairs: number,
      rate: { readonly count: number; readonly unit: string },
    ): Promise<Line[]> {
      let turn = 0
      const memory = { storage: new Array<number>(), sdk: new Array<number>() }
      const times = { storage: new Array<S3Times>(), sdk: new Array<S3Times>() }
      const once = async (by: S3Work['by']): Promise<number> => {
        const input: S3Work = { access, bucket, by, turn: turn++, work }
        const taken = await inChild<S3Times>(import.meta.resolve('../measures/s3-rates.ts'), input)
        times[by].push(taken.value)
        memory[by].push((taken.peakBytes - taken.value.loadedBytes) / 1e6)
        return taken.value.putMs
      }
      await inTurn(
        pairs,
        () => once('storage'),
        () => once('sdk'),
      )
      const line = (verb: string, ms: (times: S3Times) => number): Line => {
        const taken = { measured: times.storage.map(ms), baseline: times.sdk.map(ms) }
        return {
          what: `${name}: ${verb}`,
          measured: { value: (rate.count / median(taken.measured)) * 1000, unit: rate.unit },
          baseline: { value: (rate.count / median(taken.baseline)) * 1000, unit: rate.unit },
          against,
          ratio: 1 / pairedRatio(taken),
          bounds: [{ kind: 'ratio', on: 'ratio', is: '≥', limit: 0.9 }],
        }
      }
      return [
        line('put', ({ putMs }) => putMs),
        line('get', ({ getMs }) => getMs),
        {
          what: `${name}: memory beyond the client as loaded`,
          measured: { value: Math.max(...memory.storage), unit: 'MB' },
          baseline: { value: Math.max(...memory.sdk), unit: 'MB' },
          against,
          bounds: [{ kind: 'size', on: 'measured', is: '≤', limit: 100 }],
        },
      ]
    }
  } finally {
    await stop()
  }
}
