#!/usr/bin/env perl
# Writes the character tables of user names, from the Unicode data that comes with perl:
#
#     perl Sources/ChatCore/Names/Tables/generate.pl
#
# CharacterTable.swift: the characters that a name may contain, with script, role and direction.
# WidthTable.swift: the characters that full-width and half-width forms stand for.
use strict;
use warnings;
use File::Basename qw(dirname);
use Unicode::Normalize qw(NFKC);
use Unicode::UCD qw(charinfo prop_invlist prop_invmap);

# The version changes only by intention: all nodes of a cluster must agree on every name.
my $version = '14.0.0';
Unicode::UCD::UnicodeVersion() eq $version
    or die "this perl has Unicode " . Unicode::UCD::UnicodeVersion() . ", the tables are $version\n";

# A property as a function of the code point, for code points asked in ascending order.
sub property {
    my ($name) = @_;
    my ($starts, $values, $format, $default) = prop_invmap($name) or die "no property $name";
    my $i = 0;
    return sub {
        my ($code) = @_;
        $i++ while $i + 1 < @$starts && $starts->[$i + 1] <= $code;
        my $value = $values->[$i];
        return ref $value ? join(' ', @$value) : $value;
    };
}

my %has;
for my $name (qw(Default_Ignorable_Code_Point Noncharacter_Code_Point Join_Control)) {
    my @bounds = prop_invlist($name);
    while (my ($from, $to) = splice @bounds, 0, 2) { $has{$name}{$_} = 1 for $from .. $to - 1 }
}

# RFC 8264 section 9.6, Exceptions.
my %valid = map { $_ => 1 } 0x00DF, 0x03C2, 0x06FD, 0x06FE, 0x0F0B, 0x3007;
my %disallowed = map { $_ => 1 } 0x0640, 0x07FA, 0x302E, 0x302F, 0x3031 .. 0x3035, 0x303B;
# Its contextual characters are refused, but for the Arabic digits: their rule (no mixing) is part
# of ours (one number system).
$disallowed{$_} = 1 for 0x00B7, 0x0375, 0x05F3, 0x05F4, 0x30FB;

# Returns a character's role in a name, or undef: RFC 8264 section 8, IdentifierClass, in its order;
# of ASCII only letters, digits and `_ - . '`.
sub role {
    my ($code, $category, $syllable) = @_;
    return 'other' if $code < 0x80 && chr($code) =~ /^[-_.']$/;
    return undef if $disallowed{$code};
    if ($valid{$code}) { return $category =~ /^(L.|Nl)$/ ? 'letter' : 'other' }
    return undef if $syllable =~ /^(L|V|T|Leading_Jamo|Vowel_Jamo|Trailing_Jamo)$/;
    return undef if grep { $has{$_}{$code} } keys %has;
    return undef unless $category =~ /^(Ll|Lu|Lo|Lm|Mn|Mc|Nd)$/;
    return undef if NFKC(chr $code) ne chr $code;
    return $category =~ /^L/ ? 'letter' : $category =~ /^M/ ? 'mark' : 'digit';
}

# UTS 39 section 5.1 and 5.2: three made-up scripts stand for the usual mixes, so that "one
# script, or a usual mix" is "the sets of all characters have a common element".
sub scripts {
    my ($extensions) = @_;
    my %set = map { $_ => 1 } split ' ', $extensions;
    return '' if $set{Common} || $set{Inherited};
    my $has = sub { grep { $set{$_} } @_ };
    my @mixes;
    push @mixes, 'Mix_Japanese' if $has->(qw(Latin Han Hiragana Katakana));
    push @mixes, 'Mix_Chinese' if $has->(qw(Latin Han Bopomofo));
    push @mixes, 'Mix_Korean' if $has->(qw(Latin Han Hangul));
    return join ' ', sort(keys %set), @mixes;
}

my %directions = (
    L => 'left', R => 'right', AL => 'right', AN => 'arabicNumber', EN => 'number', NSM => 'mark',
    map { $_ => 'neutral' } qw(ES CS ET ON BN),
);
my %long = (
    Left_To_Right => 'L', Right_To_Left => 'R', Arabic_Letter => 'AL', Arabic_Number => 'AN',
    European_Number => 'EN', Nonspacing_Mark => 'NSM', European_Separator => 'ES',
    Common_Separator => 'CS', European_Terminator => 'ET', Other_Neutral => 'ON',
    Boundary_Neutral => 'BN',
);

my ($category, $extensions, $bidi, $syllable) =
    map { property($_) } qw(General_Category Script_Extensions Bidi_Class Hangul_Syllable_Type);
my (@ranges, %kinds, @kinds, %sets, @sets, %numbers, %allowed);
my $setsLength = 0;

# Returns the offset of a set in the list of sets: its length, then its scripts' numbers.
sub set_offset {
    my ($set) = @_;
    return $sets{$set} if defined $sets{$set};
    my @names = split ' ', $set;
    $numbers{$_} //= keys %numbers for @names;
    push @sets, join(' ', map { "$_," } scalar @names, map { $numbers{$_} } @names)
        . ' // ' . (@names ? join(', ', @names) : 'Common, Inherited: go with anything');
    $sets{$set} = $setsLength;
    $setsLength += 1 + @names;
    return $sets{$set};
}

my @roles = qw(other letter mark digit);
my @directions = qw(neutral left right arabicNumber number mark);
my %roleNumber = map { $roles[$_] => $_ } 0 .. $#roles;
my %directionNumber = map { $directions[$_] => $_ } 0 .. $#directions;
set_offset('');

my $last = -1;
for my $code (0 .. 0x10FFFF) {
    my @facts = map { $_->($code) } $category, $extensions, $bidi, $syllable;
    my $role = ($code >= 0xD800 && $code <= 0xDFFF) ? undef : role($code, $facts[0], $facts[3]);
    my $kind = 0;
    if (defined $role) {
        my $direction = $directions{$long{$facts[2]} // $facts[2]}
            // die sprintf "U+%04X has the direction %s\n", $code, $facts[2];
        # NameRules.swift relies on the rule of one number system for a clause of the Bidi Rule.
        die sprintf "U+%04X is a number and no digit\n", $code
            if $direction =~ /umber$/ && $role ne 'digit';
        my $packed = set_offset(scripts($facts[1])) << 8 | $roleNumber{$role} << 4
            | $directionNumber{$direction};
        if (!defined $kinds{$packed}) { push @kinds, $packed; $kinds{$packed} = @kinds }
        $kind = $kinds{$packed};
        $allowed{$code} = $role;
    }
    # A number system is named by the start of its range, so each begins a range of its own.
    my $zero = defined $role && $role eq 'digit' && charinfo($code)->{decimal} == 0;
    push @ranges, [$code, $kind, $role] if $kind != $last || $zero;
    $last = $kind;
}
for my $i (0 .. $#ranges) {
    my ($start, $kind, $role) = @{$ranges[$i]};
    next unless defined $role && $role eq 'digit';
    $ranges[$i + 1][0] - $start == 10 or die sprintf "no ten digits from U+%04X\n", $start;
}
@kinds < 2048 && keys %numbers <= 256 or die "the packing is too narrow";

sub rows {
    my ($per, $format, @values) = @_;
    my $text = '';
    while (my @row = splice @values, 0, $per) {
        $text .= '        ' . join(' ', map { sprintf "$format,", $_ } @row) . "\n";
    }
    return $text;
}

sub write_file {
    my ($name, $text) = @_;
    my $path = dirname(__FILE__) . "/$name";
    open my $out, '>', $path or die "$path: $!";
    print $out "// Written by generate.pl from Unicode $version. Do not edit.\n"
        . "// swift-format-ignore-file\n\n$text";
    close $out or die "$path: $!";
}

my $ranges = rows(7, '0x%08X', map { $_->[0] << 11 | $_->[1] } @ranges);
my $kinds = rows(10, '0x%05X', 0, @kinds);
my $sets = join "\n", map { "        $_" } @sets;
write_file('CharacterTable.swift', <<"SWIFT");
/// The characters that a user name may contain; `NameCharacter` reads the table.
enum CharacterTable {
    /// The start of each range: code point << 11 | index into `kinds`, ascending. A range ends
    /// where the next one begins; characters of kind 0 are refused.
    static let ranges: [UInt32] = [
$ranges    ]

    /// The kinds of characters: offset into `scripts` << 8 | role << 4 | direction.
    static let kinds: [UInt32] = [
$kinds    ]

    /// The sets of scripts: for each the number of scripts in it, then their numbers.
    static let scripts: [UInt8] = [
$sets
    ]
}
SWIFT

# A form whose meaning no name may hold is left out: it is refused either way.
my ($first, $end) = (0xFF01, 0);
my @width;
for my $code (0xFF01 .. 0xFFEE) {
    my ($to) = (charinfo($code) // next)->{decomposition} =~ /^<(?:wide|narrow)> (\w+)$/ or next;
    next unless $allowed{hex $to};
    $width[$code - $first] = hex $to;
}
for my $code (0 .. 0x10FFFF) {
    next if $code >= $first && $code < $first + @width;
    next unless chr($code) =~ /\p{dt=wide}|\p{dt=nar}/;
    my ($to) = charinfo($code)->{decomposition} =~ /(\w+)$/;
    die sprintf "U+%04X is outside of the width table\n", $code if $allowed{hex $to};
}
my $width = rows(10, '0x%04X', map { $_ // 0 } @width);
write_file('WidthTable.swift', <<"SWIFT");
/// The characters that full-width and half-width forms stand for (RFC 8265 section 3.3.1, rule 1);
/// `NameCharacter` reads the table.
enum WidthTable {
    /// The code point of the first entry of `targets`.
    static let first: UInt32 = 0xFF01

    /// The character that each form stands for; 0 for a character that is not such a form, or whose
    /// ordinary form is refused.
    static let targets: [UInt16] = [
$width    ]
}
SWIFT
printf "%d ranges, %d kinds, %d sets, %d scripts, %d characters\n",
    scalar @ranges, scalar @kinds, scalar @sets, scalar keys %numbers, scalar keys %allowed;
