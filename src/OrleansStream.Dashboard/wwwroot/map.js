// The placement map. The server says what is where (structure) and how busy it is (readings, once a second); this draws it, lets
// tiles travel when their partition moves, and tells the server what somebody points at. Tiles are elements up to a number at
// which elements get slow, and pixels of one canvas per silo beyond it.
const MAX_ELEMENTS = 1200;
const MAX_GHOSTS = 120;
const TRAVEL_MS = 900;
const SHIFT_MS = 350;
const PINNED = 1;
const UNCERTAIN = 2;

// Ten hues that people with any colour vision tell apart in most pairs; topics beyond begin again, and their names tell the rest.
const HUES = ['#4477dd', '#e07b39', '#2a9d7f', '#b657c0', '#c9a227', '#3fa7d6', '#d1495b', '#7a8c2e', '#8267d8', '#9c6b4f'];

const icons = {
    joining: 'M12 4v16M4 12h16', active: 'M5 13l4 4L19 7', drained: 'M12 4v12m0 0l-5-5m5 5l5-5M5 20h14', stopping: 'M7 7h10v10H7z',
    suspected: 'M12 5v9m0 4v1', left: 'M5 12h14M13 6l6 6-6 6', dead: 'M6 6l12 12M18 6L6 18',
};

const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
};

const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

export function create(host, server) {
    return new PlacementMap(host, server);
}

class PlacementMap {
    constructor(host, server) {
        this.host = host;
        this.server = server;
        this.cards = new Map();
        this.tiles = new Map();
        this.places = new Map();
        this.levels = new Uint8Array(0);
        this.focusTopic = null;
        this.selected = null;
        this.legend = host.appendChild(element('div', 'map-legend'));
        this.silos = host.appendChild(element('div', 'map-silos'));
        this.tip = host.appendChild(element('div', 'map-tip'));
        this.tip.hidden = true;
        this.tip.setAttribute('role', 'tooltip');
        this.listeners = new AbortController();
        const options = { signal: this.listeners.signal };
        this.silos.addEventListener('pointerover', event => this.point(event.target), options);
        this.silos.addEventListener('pointerleave', () => this.hideTip(), options);
        this.silos.addEventListener('focusin', event => this.point(event.target), options);
        this.silos.addEventListener('focusout', () => this.hideTip(), options);
        this.silos.addEventListener('click', event => this.choose(event.target), options);
        this.silos.addEventListener('keydown', event => this.step(event), options);
        addEventListener('keydown', event => { if (event.key === 'Escape') this.hideTip(); }, options);
        addEventListener('orleansstream-theme', () => this.drawAll(), options);
        this.resize = new ResizeObserver(() => this.isDense && this.drawAll());
        this.resize.observe(this.silos);
    }

    destroy() {
        this.listeners.abort();
        this.resize.disconnect();
        clearInterval(this.tipTimer);
        this.host.replaceChildren();
    }

    // ---- what is where

    structure(data) {
        const count = data.number.length;
        const before = this.isDense ? null : this.measure();
        const ghosts = this.isDense ? this.findGhosts(data) : [];
        const wasDense = this.isDense;
        this.data = data;
        this.isDense = count > MAX_ELEMENTS;
        this.host.classList.toggle('is-dense', this.isDense);
        this.host.dataset.partitions = count;
        this.host.dataset.size = count <= 60 ? 'large' : count <= 400 ? 'medium' : 'small';
        this.drawLegend();
        this.layCards();
        const mine = data.silos.map(() => []);
        for (let at = 0; at < count; at++) {
            if (data.silo[at] >= 0) mine[data.silo[at]].push(at);
        }
        if (this.isDense) {
            this.tiles.clear();
            data.silos.forEach((silo, index) => this.layCanvas(this.cards.get(silo.key), mine[index]));
            this.drawAll();
            this.flyGhosts(ghosts);
        } else {
            if (wasDense) for (const card of this.cards.values()) card.body.replaceChildren();
            this.layTiles(mine);
            this.shade();
            if (before) this.travel(before);
        }
        this.remember();
        this.markSelected();
    }

    readings(silos, levels) {
        this.levels = levels;
        if (!this.data) return;
        this.data.silos.forEach((silo, index) => {
            const card = this.cards.get(silo.key);
            const reading = silos[index];
            if (!card || !reading) return;
            card.state.lastChild.textContent = reading.state;
            card.numbers.forEach((cell, at) => {
                const value = [reading.open, reading.in, reading.out, reading.ack, reading.load][at];
                if (cell.textContent !== value) cell.textContent = value;
            });
        });
        if (this.isDense) this.drawAll(); else this.shade();
    }

    name(at) { return `${this.data.topics[this.data.topic[at]]}/${this.data.number[at]}`; }

    hue(topic) { return HUES[topic % HUES.length]; }

    remember() {
        for (let at = 0; at < this.data.number.length; at++) {
            if (this.data.silo[at] >= 0) this.places.set(this.name(at), this.data.silos[this.data.silo[at]].key);
        }
    }

    drawLegend() {
        const counts = new Array(this.data.topics.length).fill(0);
        for (const topic of this.data.topic) counts[topic]++;
        const shown = this.data.topics.slice(0, 14);
        const key = `${shown.map((topic, at) => `${topic}:${counts[at]}`).join()}|${this.data.topics.length}|${this.focusTopic}`;
        if (this.legendKey === key) return;
        this.legendKey = key;
        this.legend.replaceChildren(...shown.map((topic, at) => {
            const button = element('button', 'map-topic');
            button.type = 'button';
            button.style.setProperty('--hue', this.hue(at));
            button.setAttribute('aria-pressed', this.focusTopic === topic);
            button.title = `Show only where ${topic} is`;
            button.append(element('i'), element('span', '', topic), element('small', '', counts[at]));
            button.addEventListener('click', () => {
                this.focusTopic = this.focusTopic === topic ? null : topic;
                this.drawLegend();
                if (this.isDense) this.drawAll(); else this.shade();
            });
            return button;
        }));
        if (this.data.topics.length > shown.length) {
            this.legend.append(element('small', 'map-more', `and ${this.data.topics.length - shown.length} more topics`));
        }
    }

    layCards() {
        const wanted = new Set(this.data.silos.map(silo => silo.key));
        for (const [key, card] of this.cards) {
            if (!wanted.has(key)) {
                card.root.remove();
                this.cards.delete(key);
            }
        }
        this.data.silos.forEach((silo, index) => {
            let card = this.cards.get(silo.key);
            if (!card) {
                card = this.makeCard(silo);
                this.cards.set(silo.key, card);
                if (!still()) card.root.animate([{ opacity: 0, transform: 'scale(.96)' }, { opacity: 1, transform: 'none' }], 300);
            }
            if (card.root.dataset.state !== silo.state) {
                card.root.dataset.state = silo.state;
                card.state.firstChild.firstChild.setAttribute('d', icons[silo.state]);
                card.state.lastChild.textContent = silo.state;
            }
            if (this.silos.children[index] !== card.root) this.silos.insertBefore(card.root, this.silos.children[index] ?? null);
        });
    }

    makeCard(silo) {
        const root = element('section', 'map-silo');
        root.dataset.silo = silo.name;
        root.dataset.address = silo.address;
        root.dataset.key = silo.key;
        root.setAttribute('aria-label', `Silo ${silo.name}`);
        const head = element('button', 'map-silo-head');
        head.type = 'button';
        const title = element('span', 'map-silo-name');
        title.append(element('b', '', silo.name), element('small', '', silo.address));
        const state = element('span', 'map-state');
        const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
        svg.setAttribute('viewBox', '0 0 24 24');
        svg.append(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
        state.append(svg, element('span'));
        head.append(title, state);
        const list = element('dl', 'map-numbers');
        const numbers = ['open', 'in', 'out', 'ack p99', 'load'].map(label => {
            const cell = element('dd', '', '–');
            const pair = element('div');
            pair.append(element('dt', '', label), cell);
            list.append(pair);
            return cell;
        });
        const body = element('div', 'map-tiles');
        root.append(head, list, body);
        return { root, head, state, numbers, body, groups: new Map(), cells: [] };
    }

    // ---- tiles as elements

    layTiles(mine) {
        const there = new Set();
        this.data.silos.forEach((silo, index) => {
            const card = this.cards.get(silo.key);
            const topics = new Set();
            let lastGroup = null;
            let previous = null;
            for (const at of mine[index]) {
                const topic = this.data.topics[this.data.topic[at]];
                let group = card.groups.get(topic);
                if (!group) {
                    group = element('div', 'map-group');
                    group.append(element('span', 'map-group-name', topic), element('div', 'map-group-tiles'));
                    card.groups.set(topic, group);
                }
                if (!topics.has(topic)) {
                    topics.add(topic);
                    group.style.setProperty('--hue', this.hue(this.data.topic[at]));
                    const place = lastGroup ? lastGroup.nextSibling : card.body.firstChild;
                    if (place !== group) card.body.insertBefore(group, place);
                    lastGroup = group;
                    previous = null;
                }
                const name = this.name(at);
                there.add(name);
                let tile = this.tiles.get(name);
                if (!tile) {
                    tile = element('button', 'map-tile');
                    tile.type = 'button';
                    tile.append(element('span', '', this.data.number[at]));
                    this.tiles.set(name, tile);
                }
                tile.at = at;
                tile.dataset.topic = topic;
                tile.dataset.partition = this.data.number[at];
                tile.style.setProperty('--hue', this.hue(this.data.topic[at]));
                tile.classList.toggle('is-pinned', (this.data.flags[at] & PINNED) !== 0);
                tile.classList.toggle('is-uncertain', (this.data.flags[at] & UNCERTAIN) !== 0);
                tile.setAttribute('aria-label',
                    `${topic}, partition ${this.data.number[at]}, on ${silo.name}${this.data.flags[at] & PINNED ? ', pinned' : ''}${this.data.flags[at] & UNCERTAIN ? ', its silo does not answer' : ''}`);
                const holder = group.lastChild;
                const next = previous ? previous.nextSibling : holder.firstChild;
                if (next !== tile) holder.insertBefore(tile, next);
                previous = tile;
            }
            for (const [topic, group] of card.groups) {
                if (!topics.has(topic)) {
                    card.groups.delete(topic);
                    group.dataset.leaving = '1';
                }
            }
            card.body.classList.toggle('is-empty', mine[index].length === 0);
            card.body.dataset.hint = ['dead', 'left'].includes(silo.state) ? '' : 'No partition is open here.';
        });
        for (const [name, tile] of this.tiles) {
            if (!there.has(name)) {
                tile.remove();
                this.tiles.delete(name);
            }
        }
        for (const group of this.silos.querySelectorAll('[data-leaving]')) group.remove();
    }

    shade() {
        for (const tile of this.tiles.values()) {
            const level = this.levels[tile.at] ?? 0;
            if (tile.level !== level) {
                tile.level = level;
                tile.style.setProperty('--level', level / 15);
                tile.classList.toggle('is-busy', level > 8);
            }
            tile.classList.toggle('is-dim', this.focusTopic !== null && tile.dataset.topic !== this.focusTopic);
        }
    }

    measure() {
        const rects = new Map();
        for (const [name, tile] of this.tiles) rects.set(name, tile.getBoundingClientRect());
        return rects;
    }

    // First, last, invert, play. A tile whose silo died in between starts from where that silo's card stands.
    travel(before) {
        const moved = [];
        const shifted = [];
        for (const [name, tile] of this.tiles) {
            const silo = tile.closest('.map-silo').dataset.key;
            const old = this.places.get(name);
            const from = before.get(name) ?? (old && old !== silo ? this.cards.get(old)?.body.getBoundingClientRect() : undefined);
            if (!from) {
                if (!still() && old === undefined && before.size > 0) tile.animate([{ opacity: 0 }, { opacity: 1 }], 400);
                continue;
            }
            const to = tile.getBoundingClientRect();
            const [dx, dy] = [from.left - to.left, from.top - to.top];
            if (old && old !== silo) moved.push([tile, dx, dy]);
            else if (Math.abs(dx) + Math.abs(dy) > 1) shifted.push([tile, dx, dy]);
        }
        for (const [tile] of moved) {
            tile.classList.add('has-moved');
            setTimeout(() => tile.classList.remove('has-moved'), 2500);
        }
        if (still()) return;
        for (const [tile, dx, dy] of shifted) {
            tile.animate([{ transform: `translate(${dx}px, ${dy}px)` }, { transform: 'none' }], { duration: SHIFT_MS, easing: 'ease-out' });
        }
        for (const [tile, dx, dy] of moved) {
            const lift = -Math.min(40, Math.hypot(dx, dy) / 8);
            tile.animate([
                { transform: `translate(${dx}px, ${dy}px)`, zIndex: 5 },
                { transform: `translate(${dx / 2}px, ${dy / 2 + lift}px) scale(1.25)`, zIndex: 5, offset: .5 },
                { transform: 'none', zIndex: 5 },
            ], { duration: TRAVEL_MS, easing: 'cubic-bezier(.3,.1,.2,1)' });
        }
    }

    // ---- tiles as pixels

    layCanvas(card, cells) {
        card.groups.clear();
        card.cells = cells;
        if (!card.canvas?.isConnected) {
            card.canvas = element('canvas', 'map-canvas');
            card.canvas.tabIndex = 0;
            card.canvas.setAttribute('role', 'application');
            card.canvas.addEventListener('pointermove', event => this.pointCanvas(card, event));
            card.body.replaceChildren(card.canvas);
        }
        card.canvas.setAttribute('aria-label', `${cells.length} open partitions on ${card.root.dataset.silo}; arrow keys walk over them, Enter opens one`);
        card.body.classList.toggle('is-empty', cells.length === 0);
    }

    grid(card) {
        const cell = this.data.number.length > 4000 ? 8 : 10;
        const width = Math.max(cell, card.body.clientWidth || 200);
        const columns = Math.max(1, Math.floor(width / cell));
        return { cell, columns, rows: Math.ceil(card.cells.length / columns), width };
    }

    drawAll() {
        if (!this.data || !this.isDense) return;
        const style = getComputedStyle(this.host);
        const surface = parse(style.getPropertyValue('--surface').trim());
        const palette = HUES.map(hue => Array.from({ length: 16 }, (_, level) => mix(surface, parse(hue), .18 + .82 * level / 15)));
        const dim = mix(surface, [128, 128, 128], .12);
        for (const card of this.cards.values()) this.draw(card, palette, dim, style.getPropertyValue('--text').trim());
    }

    draw(card, palette, dim, text) {
        if (!card.canvas) return;
        const { cell, columns, rows } = this.grid(card);
        const scale = devicePixelRatio || 1;
        const [width, height] = [columns * cell, Math.max(1, rows) * cell];
        if (card.canvas.width !== Math.round(width * scale) || card.canvas.height !== Math.round(height * scale)) {
            card.canvas.width = Math.round(width * scale);
            card.canvas.height = Math.round(height * scale);
            card.canvas.style.width = `${width}px`;
            card.canvas.style.height = `${height}px`;
        }
        const paint = card.canvas.getContext('2d');
        paint.setTransform(scale, 0, 0, scale, 0, 0);
        paint.clearRect(0, 0, width, height);
        card.cells.forEach((at, index) => {
            const topic = this.data.topic[at];
            const isDim = this.focusTopic !== null && this.data.topics[topic] !== this.focusTopic;
            paint.fillStyle = isDim ? dim : palette[topic % HUES.length][this.levels[at] ?? 0];
            const [x, y] = [(index % columns) * cell, Math.floor(index / columns) * cell];
            paint.fillRect(x, y, cell - 1, cell - 1);
            if (this.data.flags[at]) {
                paint.fillStyle = text;
                if (this.data.flags[at] & PINNED) paint.fillRect(x + 1, y + 1, 2, 2);
                if (this.data.flags[at] & UNCERTAIN) paint.fillRect(x, y + cell / 2 - 1, cell - 1, 1);
            }
            if (this.name(at) === this.selected || (card.cursor === index && document.activeElement === card.canvas)) {
                paint.strokeStyle = text;
                paint.lineWidth = 1.5;
                paint.strokeRect(x - .25, y - .25, cell - .5, cell - .5);
            }
        });
    }

    cellRect(card, index) {
        const { cell, columns } = this.grid(card);
        const box = card.canvas.getBoundingClientRect();
        return new DOMRect(box.left + (index % columns) * cell, box.top + Math.floor(index / columns) * cell, cell - 1, cell - 1);
    }

    pointCanvas(card, event) {
        const { cell, columns } = this.grid(card);
        const box = card.canvas.getBoundingClientRect();
        const column = Math.floor((event.clientX - box.left) / cell);
        const index = Math.floor((event.clientY - box.top) / cell) * columns + column;
        if (column < 0 || column >= columns || index >= card.cells.length || index < 0) this.hideTip();
        else if (card.cursor !== index || this.tip.hidden) {
            card.cursor = index;
            this.showTip(card.cells[index], this.cellRect(card, index));
        }
    }

    // Where tiles of moved partitions stood before the canvases are drawn anew.
    findGhosts(data) {
        if (still()) return [];
        const indexes = new Map();
        for (const card of this.cards.values()) card.cells.forEach((at, index) => indexes.set(this.name(at), [card, index]));
        const ghosts = [];
        for (let at = 0; at < data.number.length && ghosts.length < MAX_GHOSTS; at++) {
            const name = `${data.topics[data.topic[at]]}/${data.number[at]}`;
            const old = this.places.get(name);
            if (old && data.silo[at] >= 0 && old !== data.silos[data.silo[at]].key) {
                const place = indexes.get(name);
                const rect = place ? this.cellRect(...place) : this.cards.get(old)?.body.getBoundingClientRect();
                if (rect) ghosts.push([at, rect]);
            }
        }
        return ghosts;
    }

    flyGhosts(ghosts) {
        for (const [at, from] of ghosts) {
            const card = this.cards.get(this.data.silos[this.data.silo[at]].key);
            const to = this.cellRect(card, card.cells.indexOf(at));
            const ghost = document.body.appendChild(element('i', 'map-ghost'));
            ghost.style.cssText = `left:${to.left}px;top:${to.top}px;background:${this.hue(this.data.topic[at])}`;
            ghost.animate([
                { transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, { transform: 'none' },
            ], { duration: TRAVEL_MS, easing: 'cubic-bezier(.3,.1,.2,1)' }).finished.finally(() => ghost.remove());
        }
    }

    // ---- pointing and choosing

    point(target) {
        if (this.isDense) {
            if (target.matches?.('canvas') && target === document.activeElement) this.pointCursor(this.cardOf(target));
            return;
        }
        const tile = target.closest?.('.map-tile');
        if (tile) this.showTip(tile.at, tile.getBoundingClientRect()); else this.hideTip();
    }

    pointCursor(card) {
        if (!card.cells.length) return;
        card.cursor = Math.min(card.cursor ?? 0, card.cells.length - 1);
        this.drawAll();
        this.showTip(card.cells[card.cursor], this.cellRect(card, card.cursor));
    }

    cardOf(target) { return this.cards.get(target.closest('.map-silo').dataset.key); }

    choose(target) {
        const head = target.closest?.('.map-silo-head');
        if (head) {
            this.server.invokeMethodAsync('SelectSilo', head.parentElement.dataset.key);
            return;
        }
        if (target.matches?.('canvas')) {
            const card = this.cardOf(target);
            if (card.cursor < card.cells.length) this.select(card.cells[card.cursor]);
            return;
        }
        const tile = target.closest?.('.map-tile');
        if (tile) this.select(tile.at);
    }

    select(at) {
        this.selected = this.name(at);
        this.markSelected();
        this.server.invokeMethodAsync('SelectPartition', this.data.topics[this.data.topic[at]], this.data.number[at]);
    }

    deselect() {
        this.selected = null;
        this.markSelected();
    }

    markSelected() {
        for (const tile of this.silos.querySelectorAll('.map-tile.is-selected')) tile.classList.remove('is-selected');
        this.tiles.get(this.selected)?.classList.add('is-selected');
        if (this.isDense) this.drawAll();
    }

    step(event) {
        const keys = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: 'up', ArrowDown: 'down' };
        const way = keys[event.key];
        if (this.isDense && event.target.matches('canvas')) {
            const card = this.cardOf(event.target);
            if (event.key === 'Enter' && card.cells.length) this.select(card.cells[card.cursor ?? 0]);
            if (way === undefined) return;
            event.preventDefault();
            const { columns } = this.grid(card);
            const by = way === 'up' ? -columns : way === 'down' ? columns : way;
            card.cursor = Math.max(0, Math.min(card.cells.length - 1, (card.cursor ?? 0) + by));
            this.pointCursor(card);
            return;
        }
        const tile = event.target.closest?.('.map-tile');
        if (!tile || way === undefined) return;
        event.preventDefault();
        const all = [...this.silos.querySelectorAll('.map-tile')];
        if (typeof way === 'number') {
            all[all.indexOf(tile) + way]?.focus();
            return;
        }
        const from = tile.getBoundingClientRect();
        const sign = way === 'up' ? -1 : 1;
        let best = null;
        let least = Infinity;
        for (const other of all) {
            const to = other.getBoundingClientRect();
            const down = (to.top - from.top) * sign;
            const distance = down + Math.abs(to.left - from.left) * 2;
            if (down > 4 && distance < least) [best, least] = [other, distance];
        }
        best?.focus();
    }

    async showTip(at, rect) {
        const name = this.name(at);
        this.tipFor = name;
        clearInterval(this.tipTimer);
        const fill = async () => {
            const told = await this.server.invokeMethodAsync('Describe', this.data.topics[this.data.topic[at]], this.data.number[at]);
            if (this.tipFor !== name || !told) return;
            const list = element('dl');
            for (const [label, value] of told.rows) list.append(element('dt', '', label), element('dd', '', value));
            this.tip.replaceChildren(element('b', '', told.title), list);
            this.tip.hidden = false;
            const box = this.host.getBoundingClientRect();
            const below = rect.bottom - box.top + 8;
            const fits = rect.bottom + this.tip.offsetHeight + 16 < innerHeight;
            this.tip.style.left = `${Math.max(4, Math.min(rect.left - box.left, box.width - this.tip.offsetWidth - 8))}px`;
            this.tip.style.top = fits ? `${below}px` : `${rect.top - box.top - this.tip.offsetHeight - 8}px`;
        };
        this.tipTimer = setInterval(fill, 1000);
        await fill();
    }

    hideTip() {
        this.tipFor = null;
        clearInterval(this.tipTimer);
        this.tip.hidden = true;
    }
}

function parse(color) {
    if (color.startsWith('#')) {
        const hex = color.length === 4 ? [...color.slice(1)].map(digit => digit + digit).join('') : color.slice(1);
        return [0, 2, 4].map(at => parseInt(hex.slice(at, at + 2), 16));
    }
    return (color.match(/[\d.]+/g) ?? [255, 255, 255]).slice(0, 3).map(Number);
}

function mix(from, to, share) {
    return `rgb(${from.map((channel, at) => Math.round(channel + (to[at] - channel) * share)).join()})`;
}
