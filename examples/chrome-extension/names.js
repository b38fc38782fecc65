/** The window of one selection: its names, and its text without them. */
const $ = id => document.getElementById(id)
const text = decodeURIComponent(location.hash.slice(1))
const { entities = [], redacted = '', error } = await chrome.runtime.sendMessage({ text })

$('names').replaceChildren(
  ...entities.map(({ entity_group, start, end }) => {
    const [item, type] = [document.createElement('li'), document.createElement('b')]
    type.textContent = entity_group
    item.append(type, ` ${text.slice(start, end)}`)
    return item
  }),
)
$('redacted').textContent = redacted
$('status').textContent = error ?? (entities.length === 0 ? 'No names were found.' : '')
$('copy').disabled = error !== undefined
$('copy').onclick = async () => {
  await navigator.clipboard.writeText(redacted)
  $('status').textContent = 'Copied.'
}
