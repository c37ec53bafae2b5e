// Runs before anything is painted: the theme that was chosen, or the system's.
(() => {
    const root = document.documentElement;
    const system = matchMedia('(prefers-color-scheme: dark)');
    const chosen = () => localStorage.getItem('orleansstream.theme');
    const apply = () => { root.dataset.theme = chosen() ?? (system.matches ? 'dark' : 'light'); };
    apply();
    system.addEventListener('change', apply);

    // Enhanced navigation may put back what the server wrote.
    new MutationObserver(() => { if (root.dataset.theme !== (chosen() ?? (system.matches ? 'dark' : 'light'))) apply(); })
        .observe(root, { attributes: true, attributeFilter: ['data-theme'] });
    window.orleansStream = {
        toggleTheme() {
            localStorage.setItem('orleansstream.theme', root.dataset.theme === 'dark' ? 'light' : 'dark');
            apply();
            dispatchEvent(new Event('orleansstream-theme'));
        },
    };
})();
