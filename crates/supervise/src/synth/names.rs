//! Names of a county that does not exist: places, offices, firms, and what villages build.
//! Lists only; nothing here is drawn by chance. Names of projects in one village must not be alike.

/// First and second characters of county names; no county in China bears one of the combinations.
const COUNTY: ([&str; 14], [&str; 12]) = (
    [
        "云", "澄", "枕", "听", "拂", "漱", "衔", "挹", "披", "凝", "烟", "吟", "倚", "苍",
    ],
    [
        "岫", "筠", "荻", "泷", "棹", "蓼", "霭", "笠", "岑", "汀", "砚", "浔",
    ],
);

const TOWNSHIP: ([&str; 6], [&str; 5]) = (
    ["芷", "菱", "蘅", "椴", "荞", "栎"],
    ["岚镇", "坞乡", "澜镇", "屏乡", "笛镇"],
);

const VILLAGE: ([&str; 30], [&str; 25]) = (
    [
        "青石", "柏树", "沙竹", "白鹿", "鹤鸣", "雁落", "鹭栖", "枫香", "柿子", "梨花", "桑枝",
        "麻柳", "芦苇", "莲藕", "茶亭", "甘泉", "古井", "月塘", "横渡", "石磨", "水碾", "瓦窑",
        "铁炉", "油灯", "晚钟", "桐花", "杉木", "茅草", "杏林", "槐荫",
    ],
    [
        "沟", "坪", "湾", "坝", "垭", "岭", "坳", "梁", "坎", "冲", "岩", "坡", "塬", "嘴", "口",
        "溪", "滩", "庄", "铺", "屯", "寨", "桥", "场", "洼", "营",
    ],
);

const FIRM: ([&str; 40], [&str; 40], [&str; 8]) = (
    [
        "宏", "瑞", "恒", "鼎", "诚", "广", "盛", "嘉", "远", "兴", "达", "泰", "永", "华", "润",
        "佳", "安", "源", "正", "信", "金", "祥", "荣", "通", "利", "康", "博", "卓", "昌", "顺",
        "科", "德", "美", "新", "立", "众", "晟", "旭", "锦", "和",
    ],
    [
        "岳", "川", "峰", "程", "业", "基", "垒", "梁", "路", "途", "田", "禾", "林", "森", "野",
        "河", "江", "湖", "海", "洋", "桥", "石", "岩", "砼", "木", "竹", "松", "柏", "桂", "枫",
        "星", "辰", "阳", "光", "晖", "城", "邦", "厦", "宇", "舟",
    ],
    [
        "建筑工程",
        "市政工程",
        "农业开发",
        "水利工程",
        "路桥工程",
        "园林绿化",
        "生态科技",
        "建设",
    ],
);

/// The name of county number `county` (0 is the first).
pub(super) fn county(county: usize) -> String {
    let (first, second) = COUNTY;
    format!(
        "{}{}县",
        first[county / second.len() % first.len()],
        second[county % second.len()]
    )
}

/// The name of township number `township` within its county.
pub(super) fn township(township: usize) -> String {
    let (first, second) = TOWNSHIP;
    format!(
        "{}{}",
        first[township % first.len()],
        second[township / first.len() % second.len()]
    )
}

/// The name of village number `village` within its county.
pub(super) fn village(village: usize) -> String {
    let (first, second) = VILLAGE;
    let row = village / first.len();
    format!(
        "{}{}村",
        first[village % first.len()],
        second[(row + village) % second.len()]
    )
}

/// The name of company number `company` within its county.
pub(super) fn firm(county_name: &str, company: usize) -> String {
    let (first, second, trade) = FIRM;
    let (a, rest) = (company % first.len(), company / first.len());
    let (b, c) = (rest % second.len(), rest / second.len());
    let short = county_name.trim_end_matches('县');
    format!(
        "{short}{}{}{}有限公司",
        first[a],
        second[(b + a) % second.len()],
        trade[(c + a + b) % trade.len()]
    )
}

/// County offices that carry out projects; index as in [`super::county::Owner::Bureau`].
pub(super) const BUREAUS: [&str; 5] = [
    "农业农村局",
    "交通运输局",
    "住房和城乡建设局",
    "乡村振兴促进中心",
    "发展和改革局",
];

/// One kind of thing that villages build.
#[derive(Debug)]
pub(super) struct Theme {
    /// What follows the village in the project's name.
    pub(super) name: &'static str,
    /// Key of the project kind.
    pub(super) kind: &'static str,
    /// Unit of its scale.
    pub(super) unit: &'static str,
    /// Usual budget per unit, in yuan; one figure per kind and unit.
    pub(super) price_yuan: f64,
    /// Smallest and largest usual scale.
    pub(super) scale: (f64, f64),
    /// Decimals of the scale.
    pub(super) decimals: u8,
}

const fn theme(
    name: &'static str,
    kind: &'static str,
    unit: &'static str,
    price_yuan: f64,
    scale: (f64, f64),
    decimals: u8,
) -> Theme {
    Theme {
        name,
        kind,
        unit,
        price_yuan,
        scale,
        decimals,
    }
}

const LAND: (f64, f64) = (26.0, 380.0);
const ROAD: (f64, f64) = (0.45, 6.2);
const WELL: (f64, f64) = (12.0, 170.0);
const HOMES: (f64, f64) = (32.0, 280.0);
const ROOMS: (f64, f64) = (80.0, 1250.0);
const HERD: (f64, f64) = (50.0, 740.0);
const RESETTLED: (f64, f64) = (28.0, 280.0);
const DEVICES: (f64, f64) = (45.0, 640.0);

/// What each of a village's eight places may hold; one row per place.
pub(super) const THEMES: [[Theme; 4]; 8] = [
    [
        theme(
            "茶叶标准化种植基地建设项目",
            "industry",
            "亩",
            6000.0,
            LAND,
            1,
        ),
        theme(
            "红心猕猴桃产业园建设项目",
            "industry",
            "亩",
            6000.0,
            LAND,
            1,
        ),
        theme(
            "花椒种植示范基地建设项目",
            "industry",
            "亩",
            6000.0,
            LAND,
            1,
        ),
        theme("林下天麻仿野生种植项目", "industry", "亩", 6000.0, LAND, 1),
    ],
    [
        theme("老核桃园低效林改造工程", "industry", "亩", 6000.0, LAND, 1),
        theme("油橄榄良种采穗圃扩建", "industry", "亩", 6000.0, LAND, 1),
        theme("蔬菜大棚及水肥一体化", "industry", "亩", 6000.0, LAND, 1),
        theme("稻渔综合种养示范片", "industry", "亩", 6000.0, LAND, 1),
    ],
    [
        theme(
            "产业路路面硬化工程",
            "infrastructure",
            "公里",
            350_000.0,
            ROAD,
            2,
        ),
        theme(
            "通组公路窄路面加宽工程",
            "infrastructure",
            "公里",
            350_000.0,
            ROAD,
            2,
        ),
        theme(
            "村道安全防护栏安装工程",
            "infrastructure",
            "公里",
            350_000.0,
            ROAD,
            2,
        ),
        theme(
            "机耕道路基拓宽工程",
            "infrastructure",
            "公里",
            350_000.0,
            ROAD,
            2,
        ),
    ],
    [
        theme(
            "安全饮水水窖修建",
            "infrastructure",
            "口",
            12_000.0,
            WELL,
            0,
        ),
        theme(
            "人畜饮水蓄水池整治",
            "infrastructure",
            "口",
            12_000.0,
            WELL,
            0,
        ),
        theme(
            "抗旱机井及配套管道",
            "infrastructure",
            "口",
            12_000.0,
            WELL,
            0,
        ),
        theme("山坪塘渗漏治理", "infrastructure", "口", 12_000.0, WELL, 0),
    ],
    [
        theme(
            "农村户厕无害化改造",
            "living_environment",
            "户",
            4500.0,
            HOMES,
            0,
        ),
        theme(
            "生活污水分散式处理设施",
            "living_environment",
            "户",
            4500.0,
            HOMES,
            0,
        ),
        theme(
            "庭院环境与垃圾分类整治",
            "living_environment",
            "户",
            4500.0,
            HOMES,
            0,
        ),
        theme(
            "改水改厨改圈提升行动",
            "living_environment",
            "户",
            4500.0,
            HOMES,
            0,
        ),
    ],
    [
        theme(
            "老年人日间照料中心",
            "public_service",
            "平方米",
            1800.0,
            ROOMS,
            0,
        ),
        theme("卫生室改扩建", "public_service", "平方米", 1800.0, ROOMS, 0),
        theme(
            "综合文化服务用房修缮",
            "public_service",
            "平方米",
            1800.0,
            ROOMS,
            0,
        ),
        theme(
            "小学教学点校舍加固",
            "public_service",
            "平方米",
            1800.0,
            ROOMS,
            0,
        ),
    ],
    [
        theme("肉牛标准化养殖小区", "industry", "头", 3000.0, HERD, 0),
        theme("黑山羊扩繁场圈舍", "industry", "头", 3000.0, HERD, 0),
        theme("生猪代养场升级", "industry", "头", 3000.0, HERD, 0),
        theme("奶牛合作牧场一期", "industry", "头", 3000.0, HERD, 0),
    ],
    [
        theme(
            "易地搬迁安置点管网完善",
            "resettlement",
            "户",
            5000.0,
            RESETTLED,
            0,
        ),
        theme("应急广播与监控终端", "other", "台", 2200.0, DEVICES, 0),
        theme(
            "集中安置区帮扶配套",
            "resettlement",
            "户",
            5000.0,
            RESETTLED,
            0,
        ),
        theme("智慧气象预警设备", "other", "台", 2200.0, DEVICES, 0),
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn trigrams(name: &str) -> BTreeSet<Vec<char>> {
        let padded: Vec<char> = format!("  {name} ").chars().collect();
        padded.windows(3).map(<[char]>::to_vec).collect()
    }

    #[test]
    fn no_two_things_one_village_may_build_have_names_alike() {
        for (place, row) in THEMES.iter().enumerate() {
            for other_row in &THEMES[place + 1..] {
                for (one, two) in row
                    .iter()
                    .flat_map(|one| other_row.iter().map(move |two| (one, two)))
                {
                    let (a, b) = (trigrams(one.name), trigrams(two.name));
                    let alike = a.intersection(&b).count() as f64 / a.union(&b).count() as f64;
                    assert!(alike < 0.4, "{} / {}: {alike}", one.name, two.name);
                }
            }
        }
    }

    #[test]
    fn places_and_firms_of_a_county_have_names_of_their_own() {
        assert_eq!((0..168).map(county).collect::<BTreeSet<_>>().len(), 168);
        assert_eq!((0..30).map(township).collect::<BTreeSet<_>>().len(), 30);
        assert_eq!((0..750).map(village).collect::<BTreeSet<_>>().len(), 750);
        assert_eq!(
            (0..12_800)
                .map(|firm_index| firm("云岫县", firm_index))
                .collect::<BTreeSet<_>>()
                .len(),
            12_800
        );
    }
}
