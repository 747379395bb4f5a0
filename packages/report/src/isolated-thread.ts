import type { AnyRecord, ItemRow } from '@seamark/core'
import { parentPort } from 'node:worker_threads'
import type { ItemTexts } from './input.ts'
import type { RenderMessage } from './isolated.ts'
import { renderReport } from './report.ts'

const records: AnyRecord[] = []
const items: ItemRow[] = []
const texts = new Map<string, ItemTexts>()

parentPort?.on('message', (message: RenderMessage) => {
  switch (message.type) {
    case 'records':
      for (const record of message.part) records.push(record)
      break
    case 'items':
      for (const item of message.part) items.push(item)
      break
    case 'texts':
      for (const [item, text] of message.part) texts.set(item, text)
      break
    case 'render': {
      const { rest, colours } = message
      const page = new TextEncoder().encode(renderReport({ ...rest, records, items, texts }, { colours }))
      parentPort?.postMessage(page, [page.buffer])
    }
  }
})
