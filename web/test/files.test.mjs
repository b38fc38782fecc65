/** Files that are opened and dropped: texts, folders with models, and what is neither. Drops are the browser's own, with real files. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { accessible, decided, names, read, settled, shot, skip, visit } from './visit.mjs'

const weights = join(import.meta.dirname, '../../weights')
const folder = mkdtempSync(join(tmpdir(), 'bert-ner-drop-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function file(name, content) {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

/** Drops files of this machine on the middle of the page, as a person would. */
async function drop(page, ...files) {
  const session = await page.context().newCDPSession(page)
  const data = { items: [], files, dragOperationsMask: 1 }
  for (const kind of ['dragEnter', 'dragOver', 'drop']) {
    await session.send('Input.dispatchDragEvent', { type: kind, x: 400, y: 400, data })
  }
  await session.detach()
}

const value = page => page.locator('#text').inputValue()
const alert = page => page.locator('[role=alert]')

test('texts are dropped: .txt, .md, .csv, in UTF-8 and UTF-16', { skip }, async () => {
  await visit({}, async page => {
    for (const [name, content, found] of [
      ['a.txt', 'Ada Lovelace lived in London.', ['Ada Lovelace PER', 'London LOC']],
      ['b.md', '# Travel\n\n**Grace Hopper** went to *Rome*.\n', ['Grace Hopper PER', 'Rome LOC']],
      ['c.csv', 'id,note\n1,"Alan Turing was in Cambridge"\n2,"Kurt Gödel left Vienna"\n', undefined],
    ]) {
      await drop(page, file(name, content))
      await page.waitForFunction(given => document.querySelector('#text').value === given, content)
      await read(page)
      if (found) assert.deepEqual(await names(page), found)
    }
    assert.ok((await names(page)).includes('Alan Turing PER'))
    await shot(page, 'dropped-csv')
    await drop(page, file('d.txt', Buffer.from('\ufeffAda Lovelace lived in Zürich.', 'utf16le')))
    await page.waitForFunction(() => document.querySelector('#text').value === 'Ada Lovelace lived in Zürich.')
    // Dropped on the other view, it opens the first.
    await decided(page)
    await drop(page, file('e.txt', 'Emmy Noether taught in Göttingen.'))
    await page.waitForSelector('#text')
    await read(page)
    assert.deepEqual(await names(page), ['Emmy Noether PER', 'Göttingen LOC'])
  })
})

test('what is no text is a clear error, and the text stays', { skip }, async () => {
  await visit({}, async page => {
    const before = await value(page)
    for (const [path, message] of [
      [
        file('picture.png', Buffer.from([137, 80, 78, 71])),
        /picture\.png is neither a text nor a model\. Drop a \.txt/,
      ],
      [file('latin.txt', Buffer.from([0x5a, 0xfc, 0x72])), /latin\.txt is not a text in UTF-8\. Save it as UTF-8/],
    ]) {
      await drop(page, path)
      await alert(page).filter({ hasText: message }).waitFor()
      assert.equal(await value(page), before)
    }
    await accessible(page)
    await shot(page, 'dropped-neither')
    await drop(page, file('f.txt', 'Ada Lovelace lived in London.'))
    await page.waitForFunction(() => document.querySelector('[role=alert]').innerText === '')
  })
})

test(
  'the folder of a model is dropped and used; a broken one is a clear error, and the way back is there',
  { skip },
  async () => {
    const named = name => {
      mkdirSync(join(folder, name), { recursive: true })
      for (const each of ['config.json', 'tokenizer_config.json', 'vocab.txt']) {
        copyFileSync(join(weights, each), join(folder, name, each))
      }
      return join(folder, name)
    }
    const mine = named('my-model')
    copyFileSync(join(weights, 'model.safetensors'), join(mine, 'model.safetensors'))
    const broken = named('broken-model')
    writeFileSync(join(broken, 'model.safetensors'), 'no tensors')
    const none = named('half-a-model')
    await visit({}, async page => {
      const usual = await names(page)
      const state = page.locator('.model-state')
      await drop(page, mine)
      await state.filter({ hasText: 'my-model on simd' }).waitFor({ timeout: 60_000 })
      await settled(page)
      assert.deepEqual(await names(page), usual)
      await shot(page, 'dropped-model')
      for (const [path, message] of [
        [broken, /model\.safetensors: header: expected .* found/],
        [none, /model\.safetensors: expected a file of this name in the folder, found .* Drop the whole folder/],
      ]) {
        await drop(page, path)
        await state.filter({ hasText: message }).waitFor({ timeout: 20_000 })
        assert.equal(await page.locator('[data-reading]').getAttribute('data-reading'), 'idle')
        await accessible(page)
      }
      await shot(page, 'broken-model')
      await page.locator('summary', { hasText: 'Engine' }).click()
      await page.getByRole('button', { name: 'Default model' }).click()
      await page.waitForSelector('[data-model=ready]', { timeout: 60_000 })
      await settled(page)
      assert.deepEqual(await names(page), usual)
      // The same by the file picker.
      await page.locator('.switches input[type=file]').setInputFiles(mine)
      await state.filter({ hasText: 'my-model on simd' }).waitFor({ timeout: 60_000 })
    })
  },
)
