//! HTTP: sessions, security headers, assets, and the pages and API of every scene.
