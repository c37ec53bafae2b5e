// Starts the connection, and decides what happens when it breaks: the same silo again, or another one that serves this page.
(() => {
    const app = window.orleansStream;
    const banner = document.getElementById('reconnect');
    const text = document.getElementById('reconnect-text');
    const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));
    let peers = [];
    let isDown = false;

    app.setLive = () => { document.documentElement.dataset.live = '1'; };

    app.setPeers = list => { peers = list ? list.split(' ') : []; };

    app.copy = async value => {
        if (navigator.clipboard) {
            await navigator.clipboard.writeText(value);
            return;
        }
        const area = Object.assign(document.createElement('textarea'), { value });
        document.body.append(area);
        area.select();
        document.execCommand('copy');
        area.remove();
    };

    app.download = async (name, stream) => {
        const url = URL.createObjectURL(new Blob([await stream.arrayBuffer()]));
        const link = Object.assign(document.createElement('a'), { href: url, download: name });
        link.click();
        setTimeout(() => URL.revokeObjectURL(url), 10_000);
    };

    // Any answer counts, whatever another origin lets us see of it.
    const answers = async origin => {
        try {
            await fetch(`${origin}${new URL(document.baseURI).pathname}_content/OrleansStream.Dashboard/mark.svg`,
                { mode: 'no-cors', cache: 'no-store', signal: AbortSignal.timeout(1000) });
            return true;
        } catch {
            return false;
        }
    };

    const goElsewhere = async () => {
        for (const peer of peers) {
            if (new URL(peer).origin !== location.origin && await answers(peer)) {
                text.textContent = `Going on at ${peer}…`;
                location.href = peer + location.pathname + location.search;
                return true;
            }
        }
        return false;
    };

    const reconnect = async () => {
        for (let attempt = 0; isDown; attempt++) {
            if (await answers(location.origin)) {
                try {
                    if (await Blazor.reconnect()) {
                        return;
                    }
                } catch {
                    await pause(500);
                    continue;
                }
                // This silo is there and no longer knows the page: it was restarted, or is another one behind the same address.
                location.reload();
                return;
            }
            text.textContent = 'The silo that served this page does not answer. Looking for it, and for another one…';
            if (attempt > 1 && await goElsewhere()) {
                return;
            }
            await pause(Math.min(300 * (attempt + 1), 2000));
        }
    };

    Blazor.start({
        circuit: {
            reconnectionHandler: {
                onConnectionDown() {
                    if (isDown) {
                        return;
                    }
                    isDown = true;
                    text.textContent = 'Reconnecting…';
                    banner.hidden = false;
                    reconnect();
                },
                onConnectionUp() {
                    isDown = false;
                    banner.hidden = true;
                },
            },
        },
    });
})();
