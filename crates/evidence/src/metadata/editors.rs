//! Names of image editors as they sign the pictures they write. The list is data: `data/editors.txt`.

/// `text as it is signed = name to show`, first match wins.
const EDITORS: &str = include_str!("../../data/editors.txt");

/// The first image editor that any of these texts names.
///
/// A name counts where it stands as a word: "Canva 2.1" names Canva, "Canvas" does not.
pub(crate) fn editor_named<'a>(programs: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let signed: Vec<String> = programs.into_iter().map(str::to_lowercase).collect();
    entries()
        .find(|(sign, _)| signed.iter().any(|text| stands_in(text, sign)))
        .map(|(_, name)| name.to_owned())
}

fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    EDITORS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(sign, name)| (sign.trim(), name.trim()))
}

fn stands_in(text: &str, sign: &str) -> bool {
    text.match_indices(sign).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + sign.len()..].chars().next();
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphabetic());
        !letter(before) && !letter(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_is_found_by_the_name_it_signs_with() {
        let named = |text| editor_named([text]);
        assert_eq!(
            named("Adobe Photoshop 25.1 (Windows)").as_deref(),
            Some("Adobe Photoshop")
        );
        assert_eq!(named("GIMP 2.10.34").as_deref(), Some("GIMP"));
        assert_eq!(named("Snapseed 2.0").as_deref(), Some("Snapseed"));
        assert_eq!(named("美图秀秀 9.8").as_deref(), Some("美图秀秀 Meitu"));
        assert_eq!(named("醒图").as_deref(), Some("醒图 Xingtu"));
        assert_eq!(
            named("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")
                .as_deref(),
            Some("AI image generator")
        );
    }

    #[test]
    fn cameras_viewers_and_longer_words_are_no_editors() {
        for text in [
            "Microsoft Windows Photo Viewer 10.0.10240.16384",
            "Nikon Transfer 1.1 W",
            "v01.08.1719",
            "HDR+ 1.0.540104767zd",
            "Canvas",
            "17.4.1",
            "今日水印相机",
        ] {
            assert_eq!(editor_named([text]), None, "{text}");
        }
    }

    #[test]
    fn the_list_is_lower_case_and_complete() {
        assert!(entries().count() > 30);
        for (sign, name) in entries() {
            assert_eq!(sign, sign.to_lowercase());
            assert!(!sign.is_empty() && !name.is_empty());
        }
    }
}
